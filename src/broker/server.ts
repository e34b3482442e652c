/**
 * The embedded broker: aedes, MQTT 3.1.1, everything in memory. It is there to try things out and for a cloud process
 * next door; it keeps no sessions, because delivery is end to end (device/outbox).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AuthenticateError, Client } from 'aedes';
import { CutlineError } from '../errors.ts';
import { isLoopback, urlHost } from '../loopback.ts';
import { type Account, accountFor } from './accounts.ts';
import { mayPublish, maySubscribe, rulesOf } from './acl.ts';
import { limitPackets } from './packet-limit.ts';
import type { TlsFiles } from './socket.ts';
import { agentClientId, updatesClientId } from './topics.ts';

export interface BrokerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Larger packets end the connection of the sender. */
  readonly maxPacketBytes: number;
  readonly maxClients: number;
  /** Each may say and hear only what its role is for. */
  readonly accounts?: readonly Account[] | undefined;
  /** Certificate and key, PEM; with a certificate authority clients must show certificates of it. */
  readonly tls?: TlsFiles | undefined;
  /** One user who may do everything. Without credentials or accounts anybody who reaches the port may. */
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

/** Topics in use have six levels at most; a few more for the user's own. */
const MAX_TOPIC_LEVELS = 8;
/** A retained message is kept until the broker ends: a stranger could fill the memory with them. */
const MAX_RETAINED = 10_000;
const MAX_RETAINED_BYTES = 64 * 1024;

/** @throws CutlineError BROKER_EXPOSED, BROKER_LISTEN */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { host, credentials, tls, log = () => {} } = options;
  const accounts = options.accounts && new Map(options.accounts.map((a) => [a.username, a]));
  const members = new WeakMap<Client, Account>();
  if (!credentials && !accounts && !options.insecure && !isLoopback(host))
    throw new CutlineError('BROKER_EXPOSED', { host });
  // Agents and consumers import this folder as well, and have no use for its 12 MB.
  const { Aedes } = await import('aedes');
  const describe = (client: Client) => client.id ?? 'a client';
  const guardRetained = retainedGuard();
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
    authenticate: (client, username, password, done) => {
      const refuse = () =>
        done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }) as AuthenticateError, null);
      if (!accounts) {
        if (!credentials || matches(credentials, username, password)) done(null, true);
        else refuse();
        return;
      }
      accountFor(accounts, username, password).then((account) => {
        if (!account || !ownsName(account, client.id)) return refuse();
        members.set(client, account);
        done(null, true);
      }, refuse);
    },
    authorizePublish: (client, packet, done) => {
      const account = client && members.get(client);
      if (account && !mayPublish(rulesOf(account), packet.topic)) {
        done(new Error(`${account.username} may not publish to ${JSON.stringify(packet.topic.slice(0, 200))}`));
      } else guardRetained(packet, done);
    },
    authorizeSubscribe: (client, subscription, done) => {
      const account = client && members.get(client);
      const topic = subscription.topic;
      const closed = topic.startsWith('$') && !topic.startsWith('$share/');
      // No subscription is what MQTT calls refused, and the client hears of it.
      if (closed || (account && !maySubscribe(rulesOf(account), topic))) {
        log(`${describe(client!)} may not hear ${JSON.stringify(topic.slice(0, 200))}`);
        done(null, null);
      } else done(null, subscription);
    },
  });
  aedes.on('client', (client) => log(`${describe(client)} connected`));
  aedes.on('clientDisconnect', (client) => log(`${describe(client)} left`));
  aedes.on('clientError', (client, error) => log(`${describe(client)}: ${error.message}`));
  aedes.on('connectionError', (_client, error) => log(`refused a connection: ${error.message}`));

  const sockets = new Set<Socket>();
  // No delay at this end too, or every answer waits for an acknowledgement (Nagle).
  const take = (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    limitPackets(socket, options.maxPacketBytes);
    aedes.handle(socket);
  };
  const server = tls
    ? createTlsServer({ ...tls, noDelay: true, handshakeTimeout: 10_000, ...(tls.ca && { requestCert: true }) }, take)
    : createServer({ noDelay: true }, take);
  server.on('tlsClientError', (error: Error) => log(`refused a connection: ${error.message}`));
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
    url: `mqtt${tls ? 's' : ''}://${urlHost(host)}:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Whoever takes a client id takes the place of the one that has it. */
function ownsName({ role, fleet, device }: Account, clientId: string): boolean {
  if (role !== 'device') return !/^cutline-(agent|result|updates)-/.test(clientId);
  if (clientId === agentClientId(fleet, device!) || clientId === updatesClientId(fleet, device!)) return true;
  // A name may begin with another device's name and a dash: only a number may follow.
  const own = `cutline-result-${fleet}-${device}-`;
  return clientId.startsWith(own) && /^\d+$/.test(clientId.slice(own.length));
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
