/** How an activation travels: envelope, codecs, topics, connections, and the embedded broker. */

export { readPassword } from '../secrets.ts';
export type { BackoffOptions } from './backoff.ts';
export { type Codec, createCodec, decodeTensor, type EncodedTensor, writtenBits } from './codecs/codec.ts';
export type { PixelLaw } from './codecs/encoding.ts';
export { lengthBits } from './codecs/padding.ts';
export { type Connection, type ConnectOptions, connect, type PublishOptions } from './connection.ts';
export { decodeEnvelope, decodeTensors } from './decode.ts';
export { type Body, type Envelope, encodeEnvelope, type Header, ID_BYTES } from './envelope.ts';
export { type FailureCode, failures } from './failures.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { Link, type LinkOptions } from './link.ts';
export { Permits } from './permits.ts';
export { type Broker, type BrokerOptions, startBroker } from './server.ts';
export { type BrokerSettings, brokerSettingsSchema, connectOptions, nameSchema, serviceSettings } from './settings.ts';
export { activationsOf, deviceOf, isName, topicOf } from './topics.ts';
