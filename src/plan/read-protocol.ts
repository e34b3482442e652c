/** Protocols by path, or by the name of one that is shipped. */
import { shippedDocuments } from '../shipped.ts';
import { type Protocol, protocolSchema } from './protocol.ts';

const shipped = shippedDocuments('profiles/protocols', protocolSchema, {
  invalid: 'PROTOCOL_INVALID',
  unknown: 'PROTOCOL_UNKNOWN',
});

/** `standard` for a shipped protocol, or a path. @throws CutlineError FILE_NOT_FOUND, PROTOCOL_INVALID, PROTOCOL_UNKNOWN */
export const readProtocol: (nameOrPath: string) => Promise<Protocol> = shipped.read;

/** Names of the protocols that come with the package. */
export const shippedProtocols: () => Promise<string[]> = shipped.names;
