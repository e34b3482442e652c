/** How an activation travels: envelope, codecs, topics, connections, and the embedded broker. */
export type { BackoffOptions } from './backoff.ts';
export { type Codec, createCodec, decodeTensor, type EncodedTensor, writtenBits } from './codecs/codec.ts';
export { type Connection, type ConnectOptions, connect, type PublishOptions } from './connection.ts';
export { decodeEnvelope, decodeMessage, decodeTensors, type Short } from './decode.ts';
export {
  type Body,
  type Envelope,
  encodeEnvelope,
  type Header,
  ID_BYTES,
  SESSION_ID_BYTES,
  type SessionOffer,
} from './envelope.ts';
export { type ExpectedTensor, expectedActivation, expectedAnswer, misfit, mostPacketBytes } from './expected.ts';
export { type FailureCode, failures } from './failures.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { Link, type LinkOptions } from './link.ts';
export { Permits } from './permits.ts';
export { Refusals } from './refusals.ts';
export { readPassword } from './secrets.ts';
export { type Broker, type BrokerOptions, startBroker } from './server.ts';
export { type BrokerSettings, brokerSettingsSchema, connectOptions, nameSchema, serviceSettings } from './settings.ts';
export { encodeShort, type ShortHeader } from './short.ts';
export { activationsOf, deviceOf, isName, topicOf } from './topics.ts';
