/** How an activation travels: envelope, codecs, topics, connections, and the embedded broker. */

export { readPassword } from '../secrets.ts';
export { type Account, type Accounts, accountsSchema, makeAccount, readAccounts } from './accounts.ts';
export { type Role, roles } from './acl.ts';
export { Backoff, type BackoffOptions } from './backoff.ts';
export { type Codec, createCodec, decodeTensor, type EncodedTensor, writtenBits } from './codecs/codec.ts';
export type { PixelLaw } from './codecs/encoding.ts';
export { lengthBits } from './codecs/padding.ts';
export { type Connection, type ConnectOptions, connect, type PublishOptions, type Receive } from './connection.ts';
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
export { type ExportedFile, forEmqx, forMosquitto } from './exported.ts';
export { type FailureCode, failures } from './failures.ts';
export { birthTopic, discoveryTopic, homeAssistantId, prefixSchema } from './home-assistant.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { Link, type LinkOptions } from './link.ts';
export {
  type DeviceKeys,
  deviceKeysSchema,
  type FleetKeys,
  fleetKeysSchema,
  readDeviceSeal,
  readFleetSeals,
} from './message-keys.ts';
export { nameSchema } from './names.ts';
export { Permits } from './permits.ts';
export { Refusals } from './refusals.ts';
export { SECRET_BYTES, Seal } from './seal.ts';
export { type Broker, type BrokerOptions, startBroker } from './server.ts';
export { type BrokerSettings, brokerSettingsSchema, connectOptions, serviceSettings } from './settings.ts';
export { encodeShort, type ShortHeader } from './short.ts';
export { readTlsFiles } from './tls-files.ts';
export {
  activationOf,
  activationsOf,
  activationTopic,
  agentClientId,
  type Channel,
  channelOf,
  channelsOf,
  consumerHealthTopic,
  consumerOf,
  isName,
  topicOf,
  updatesClientId,
} from './topics.ts';
