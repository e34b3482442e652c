/**
 * One connection to a broker, from CONNACK to its end. When it ends everything waiting on it fails at once and it is
 * never used again: reconnecting is `link.ts`, resending is end to end. So MQTT.js' own queue, store and reconnection,
 * which have no bounds, stay unused.
 */
import type { IConnackPacket, IPublishPacket } from 'mqtt';
import { ErrorWithReasonCode, MqttClient } from 'mqtt';
import { CutlineError } from '../errors.ts';
import { PacketFilter, type Skip } from './packet-filter.ts';
import { Permits } from './permits.ts';
import { type Address, openSocket, parseUrl, type TlsFiles } from './socket.ts';

export interface ConnectOptions {
  readonly url: string;
  /** MQTT version; `auto` tries 5, then 3.1.1. */
  readonly protocol: 'auto' | 4 | 5;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  /** The two above as their files are now. */
  readonly fresh?: (() => Promise<Pick<ConnectOptions, 'password' | 'tls'>>) | undefined;
  readonly keepaliveS: number;
  readonly connectTimeoutMs: number;
  /** Largest MQTT packet to send or take; a broker of MQTT 5 may lower it for sending. */
  readonly maxPacketBytes: number;
  /** Messages that cannot be what is waited for, so that they are not even read. */
  readonly skip?: Skip | undefined;
  /** Published by the broker when this client vanishes; retained, at QoS 1. */
  readonly will?: { readonly topic: string; readonly payload: string } | undefined;
}

export interface PublishOptions {
  readonly qos: 0 | 1;
  readonly retain?: boolean;
  /** Mirrored as properties of MQTT 5. */
  readonly expiryS?: number;
  readonly correlation?: string;
  readonly responseTopic?: string;
}

/** @param isRetained said before the subscription, nobody knows when */
export type Receive = (topic: string, payload: Buffer, isRetained: boolean) => void;

export interface Connection {
  readonly protocol: 4 | 5;
  /** Whether the broker says it has shared subscriptions; only MQTT 5 can say so. */
  readonly shared: boolean;
  /** The largest packet that may be sent: ours, or the broker's where that is lower and it says so (MQTT 5). */
  readonly maxPacketBytes: number;
  /** @throws CutlineError MESSAGE_TOO_LARGE before anything is sent */
  checkSize(topic: string, payload: Uint8Array): void;
  /**
   * Resolves when the broker has it (QoS 1) or it is written (QoS 0).
   * @throws CutlineError MESSAGE_TOO_LARGE, BROKER_LOST, BROKER_REFUSED
   */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<void>;
  /** @throws CutlineError BROKER_LOST, BROKER_REFUSED */
  subscribe(filter: string, qos?: 0 | 1): Promise<void>;
  unsubscribe(filter: string): Promise<void>;
  /** Resolves when the broker has read all that was sent before, by the answer to a ping. @throws CutlineError BROKER_LOST */
  settled(): Promise<void>;
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<string>;
  /** Says goodbye: the will is not published. */
  close(): Promise<void>;
}

/** CONNACK codes that another try will not change: identifier, credentials, rights, ban. */
const FINAL_CODES = new Set([2, 4, 5, 133, 134, 135, 138, 140]);
const UNKNOWN_PROTOCOL = new Set([1, 132]);
/** Unacknowledged publishes at once, where the broker allows as many. */
const MAX_UNACKNOWLEDGED = 64;
const CLOSE_MS = 2000;
/** The end of a connection about which nobody said anything. */
const HUNG_UP = 'the other end hung up';
/** Room for fixed header, lengths and the properties we set. */
const OVERHEAD_BYTES = 256;

/**
 * @param receive called for each message, before it is acknowledged; it must not throw and should only admit or refuse
 * @throws CutlineError BROKER_REFUSED when trying again is useless, BROKER_LOST otherwise
 */
export async function connect(options: ConnectOptions, receive: Receive, signal?: AbortSignal): Promise<Connection> {
  const address = parseUrl(options.url);
  if (!address)
    throw new CutlineError('USAGE', { problem: `${options.url} is not mqtt://HOST:PORT or mqtts://HOST:PORT` });
  if (options.protocol !== 'auto') return open(address, options, options.protocol, receive, signal);
  try {
    return await open(address, options, 5, receive, signal);
  } catch (error) {
    if (!(error instanceof ProtocolRefused)) throw error;
    return open(address, options, 4, receive, signal);
  }
}

/** The broker does not speak this version of MQTT, or hung up before it said anything. */
class ProtocolRefused extends CutlineError {}

function open(
  address: Address,
  options: ConnectOptions,
  protocol: 4 | 5,
  receive: Receive,
  signal?: AbortSignal,
): Promise<Connection> {
  const { url, will } = options;
  let isReached = false;
  const openStream = () => {
    const socket = openSocket(address, options.tls ?? {}, new PacketFilter(options.maxPacketBytes, options.skip));
    socket.once('connect', () => {
      isReached = true;
    });
    return socket;
  };
  const client = new MqttClient(openStream, {
    protocolVersion: protocol,
    clientId: options.clientId,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    clean: true,
    keepalive: options.keepaliveS,
    connectTimeout: options.connectTimeoutMs,
    reconnectPeriod: 0,
    // What is sent into a dead link must not put off the question whether anybody is there.
    reschedulePings: false,
    queueQoSZero: false,
    resubscribe: false,
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1 as const, retain: true } }),
    ...(protocol === 5 && { properties: { maximumPacketSize: options.maxPacketBytes } }),
  });
  let reason = HUNG_UP;
  let code: string | number | undefined;
  client.on('error', (error: Error & { code?: string | number }) => {
    reason = error.message || String(error.code);
    code = error.code;
  });
  // What MQTT.js cannot parse leaves it deaf on a connection that stays open.
  client.on('error', () => client.connected && client.stream.destroy());
  client.on('disconnect', (packet) => {
    reason = `the broker said ${packet.reasonCode ?? 'goodbye'}`;
  });
  client.on('message', (topic, payload, { retain }) => receive(topic, payload, retain));

  return new Promise<Connection>((resolve, reject) => {
    const abort = () => client.end(true);
    signal?.addEventListener('abort', abort, { once: true });
    client.once('close', () => {
      signal?.removeEventListener('abort', abort);
      const details = { url, problem: reason };
      const isSaid = UNKNOWN_PROTOCOL.has(Number(code));
      const problem = isSaid ? `it does not speak MQTT version ${protocol}` : reason;
      if (signal?.aborted) reject(new CutlineError('CANCELLED'));
      else if (isReached && (isSaid || reason === HUNG_UP || code === 'ECONNRESET')) {
        // A broker may hang up on a version it does not know, and its CONNACK may be lost with the connection.
        reject(new ProtocolRefused(isSaid ? 'BROKER_REFUSED' : 'BROKER_LOST', { url, problem }));
      } else if (typeof code === 'number' && FINAL_CODES.has(code)) {
        reject(new CutlineError('BROKER_REFUSED', details));
      } else reject(new CutlineError('BROKER_LOST', details, { cause: new Error(reason) }));
    });
    client.once('connect', (connack) => {
      signal?.removeEventListener('abort', abort);
      resolve(established(client, options, protocol, connack, () => reason));
    });
  });
}

function established(
  client: MqttClient,
  { url, maxPacketBytes }: ConnectOptions,
  protocol: 4 | 5,
  connack: IConnackPacket,
  reason: () => string,
): Connection {
  const properties = connack.properties ?? {};
  const limit = Math.min(maxPacketBytes, properties.maximumPacketSize ?? maxPacketBytes);
  // MQTT.js does not keep to the broker's Receive Maximum [MQTT-3.3.4-9].
  const permits = new Permits(Math.min(MAX_UNACKNOWLEDGED, properties.receiveMaximum ?? MAX_UNACKNOWLEDGED));
  const lost = () => new CutlineError('BROKER_LOST', { url, problem: reason() });
  const ended = new Promise<string>((resolve) => client.once('close', () => resolve(reason())));
  // Not Promise.race against `ended`: each race would leave a reaction on it for as long as the connection lives.
  const pending = new Set<(error: CutlineError) => void>();
  client.once('close', () => {
    for (const fail of pending) fail(lost());
  });
  const whileOpen = <T>(work: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      pending.add(reject);
      work.then(resolve, reject).finally(() => pending.delete(reject));
    });

  const pongs = awaitPongs(client);

  const checkSize = (topic: string, payload: Uint8Array) => {
    const bytes = payload.length + Buffer.byteLength(topic) + OVERHEAD_BYTES;
    if (bytes > limit) throw new CutlineError('MESSAGE_TOO_LARGE', { bytes, limit, url });
  };

  const send = (topic: string, payload: Buffer, options: PublishOptions) =>
    new Promise<void>((resolve, reject) => {
      client.publish(topic, payload, publishOptions(options, protocol), (error) => {
        if (!error) resolve();
        else if (error instanceof ErrorWithReasonCode) {
          reject(new CutlineError('BROKER_REFUSED', { url, problem: error.message }, { cause: error }));
        } else reject(lost());
      });
    });

  return {
    protocol,
    shared: protocol === 5 && properties.sharedSubscriptionAvailable !== false,
    ended,
    maxPacketBytes: limit,
    checkSize,
    async publish(topic, payload, options) {
      const bytes = bufferOf(payload);
      checkSize(topic, bytes);
      await whileOpen(
        permits.use(async () => {
          if (!client.connected) throw lost();
          await whileOpen(send(topic, bytes, options));
        }),
      );
    },
    async subscribe(filter, qos = 1) {
      const granted = await whileOpen(client.subscribeAsync(filter, { qos })).catch((error: unknown) => {
        if (error instanceof CutlineError) throw error;
        // MQTT.js fails what waits for a SUBACK just before it says that the connection is closed.
        throw client.stream.destroyed ? lost() : refused(error);
      });
      // Refusals stand in the list of grants: 128 in 3.1.1, and with reasons above it in 5.
      if (granted.some((g) => g.qos >= 128)) throw refused(new Error(`subscription to ${filter}`));
    },
    async unsubscribe(filter) {
      await whileOpen(client.unsubscribeAsync(filter));
    },
    async settled() {
      if (!client.connected) throw lost();
      await whileOpen(pongs());
    },
    async close() {
      if (!client.connected) return;
      // MQTT.js waits for what is unacknowledged; a broker that has frozen would hold us for ever.
      const patience = setTimeout(() => client.stream.destroy(), CLOSE_MS);
      await Promise.race([client.endAsync(), ended]);
      clearTimeout(patience);
    },
  };

  function refused(error: unknown): CutlineError {
    return new CutlineError('BROKER_REFUSED', { url, problem: (error as Error).message }, { cause: error });
  }
}

/** Pings and their answers keep their order; keepalive's own are counted too. */
function awaitPongs(client: MqttClient): () => Promise<void> {
  const waiting: { readonly pong: number; readonly resolve: () => void }[] = [];
  let [pings, pongs] = [0, 0];
  client.on('packetsend', ({ cmd }) => {
    if (cmd === 'pingreq') pings++;
  });
  client.on('packetreceive', ({ cmd }) => {
    if (cmd !== 'pingresp') return;
    pongs++;
    while (waiting[0] && waiting[0].pong <= pongs) waiting.shift()!.resolve();
  });
  return () =>
    new Promise((resolve) => {
      // One ping answers all who ask before it is on its way.
      const last = waiting.at(-1);
      if (!last || last.pong <= pings) {
        queueMicrotask(() => client.connected && client.sendPing());
        waiting.push({ pong: pings + 1, resolve });
      } else waiting.push({ pong: last.pong, resolve });
    });
}

function publishOptions({ qos, retain, expiryS, correlation, responseTopic }: PublishOptions, protocol: 4 | 5) {
  const properties: NonNullable<IPublishPacket['properties']> = {};
  if (expiryS !== undefined) properties.messageExpiryInterval = Math.max(1, Math.ceil(expiryS));
  if (correlation !== undefined) properties.correlationData = Buffer.from(correlation, 'hex');
  if (responseTopic !== undefined) properties.responseTopic = responseTopic;
  return { qos, retain: retain ?? false, ...(protocol === 5 && { properties }) };
}

function bufferOf(payload: string | Uint8Array): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
