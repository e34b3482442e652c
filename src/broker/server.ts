/**
 * The embedded broker: aedes, MQTT 3.1.1, everything in memory. It is there to try things out and for a cloud process
 * next door; it keeps no sessions, because delivery is end to end (device/outbox).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, isIP, type Socket } from 'node:net';
import type { AuthenticateError, Client } from 'aedes';
import { CutlineError } from '../errors.ts';
import { limitPackets } from './packet-limit.ts';

export interface BrokerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Larger packets end the connection of the sender. */
  readonly maxPacketBytes: number;
  readonly maxClients: number;
  /** Without credentials anybody who reaches the port is let in. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  /** Listen on an outside address without credentials. */
  readonly insecure?: boolean;
  readonly log?: (line: string) => void;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Topics in use have four slashes; a few more for the user's own. */
const MAX_TOPIC_LEVELS = 8;
/** A retained message is kept until the broker ends: a stranger could fill the memory with them. */
const MAX_RETAINED = 10_000;
const MAX_RETAINED_BYTES = 64 * 1024;

/** @throws CutlineError BROKER_EXPOSED, BROKER_LISTEN */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { host, credentials, log = () => {} } = options;
  if (!credentials && !options.insecure && !isLoopback(host)) throw new CutlineError('BROKER_EXPOSED', { host });
  // Agents and consumers import this folder as well, and have no use for its 12 MB.
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker({
    // One reader that has stopped reading must not hold up the others for a minute.
    drainTimeout: 10_000,
    connectTimeout: 10_000,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    preConnect: (_client, packet, done) => {
      // No session is stored for clients that are away: its queue would have no bound.
      packet.clean = true;
      done(null, true);
    },
    authenticate: (_client, username, password, done) => {
      if (!credentials || matches(credentials, username, password)) done(null, true);
      else done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }) as AuthenticateError, null);
    },
    authorizePublish: retainedGuard(),
  });
  const describe = (client: Client) => client.id ?? 'a client';
  aedes.on('client', (client) => log(`${describe(client)} connected`));
  aedes.on('clientDisconnect', (client) => log(`${describe(client)} left`));
  aedes.on('clientError', (client, error) => log(`${describe(client)}: ${error.message}`));
  aedes.on('connectionError', (_client, error) => log(`refused a connection: ${error.message}`));

  const sockets = new Set<Socket>();
  // No delay at this end too, or every answer waits for an acknowledgement (Nagle).
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    limitPackets(socket, options.maxPacketBytes);
    aedes.handle(socket);
  });
  server.maxConnections = options.maxClients;
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      aedes.close();
      const address = `${host}:${options.port}`;
      reject(new CutlineError('BROKER_LISTEN', { address, problem: cause.code ?? cause.message }, { cause }));
    });
    server.listen({ host, port: options.port }, () => resolve((server.address() as { port: number }).port));
  });
  return {
    host,
    port,
    url: `mqtt://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function matches(
  wanted: { readonly username: string; readonly password: string },
  username: string | undefined,
  password: Buffer | undefined,
): boolean {
  // Digests have one length, so the comparison takes the same time for every guess.
  const digest = (u: string, p: string | Buffer) => createHash('sha256').update(`${u.length}:${u}:`).update(p).digest();
  return timingSafeEqual(digest(wanted.username, wanted.password), digest(username ?? '', password ?? ''));
}

function retainedGuard() {
  const retained = new Set<string>();
  return (
    _client: Client | null,
    packet: { topic: string; payload: string | Buffer; retain: boolean },
    done: (error?: Error | null) => void,
  ) => {
    // [MQTT-3.1.1 4.7.2]: topics beginning with $ are the server's.
    if (packet.topic.startsWith('$')) return done(new Error(`${packet.topic} is reserved`));
    if (packet.retain) {
      if (packet.payload.length === 0) retained.delete(packet.topic);
      else if (packet.payload.length > MAX_RETAINED_BYTES || retained.size >= MAX_RETAINED) packet.retain = false;
      else retained.add(packet.topic);
    }
    done(null);
  };
}
