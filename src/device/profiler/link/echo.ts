/** Messages to ourselves through a broker: what an activation meets on its way, as long as nobody else answers. */
import { randomBytes } from 'node:crypto';
import { type Connection, type ConnectOptions, connect } from '../../../broker/index.ts';
import { CutlineError } from '../../../errors.ts';

/** Milliseconds from publishing to the broker's acknowledgement, and until every listener has the payload. */
export interface Sample {
  readonly bytes: number;
  /** Listeners behind this link that the broker sends the payload to. */
  readonly listeners: number;
  readonly ackMs: number;
  readonly echoMs: number;
}

export interface Echoes {
  /** Undefined where the broker does not say one below ours (and with MQTT 3.1.1, which cannot say it). */
  readonly maxPacketBytes: number | undefined;
  /** Largest payload that may be sent. */
  readonly room: number;
  /** @throws CutlineError LINK_SILENT when it does not come back, MESSAGE_TOO_LARGE, BROKER_LOST, CANCELLED */
  probe(bytes: number, listeners?: 1 | typeof CROWD): Promise<Sample>;
  close(): Promise<void>;
}

export interface EchoOptions {
  readonly connect: ConnectOptions;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Of so many listeners each gets its own copy: what that takes longer is the way down. */
export const CROWD = 3;
/** Topic, headers and properties beside the payload. */
const PACKET_OVERHEAD = 512;
const ID = 16;

/** @throws CutlineError BROKER_REFUSED, BROKER_LOST */
export async function openEchoes({ connect: target, timeoutMs = 15_000, signal }: EchoOptions): Promise<Echoes> {
  const waiting = new Map<string, () => void>();
  const receive = (_topic: string, payload: Buffer) => waiting.get(payload.toString('latin1', 0, ID))?.();
  const base = `cutline/v1/profile/${randomBytes(8).toString('hex')}`;
  const topics = { 1: `${base}/one`, [CROWD]: `${base}/all` } as const;
  const open: Connection[] = [];
  const close = async () => void (await Promise.all(open.map((c) => c.close())));
  try {
    for (let i = 0; i < CROWD; i++) {
      const clientId = i === 0 ? target.clientId : `${target.clientId}-${i}`;
      const connection = await connect({ ...target, clientId }, receive, signal);
      open.push(connection);
      await connection.subscribe(topics[CROWD]);
    }
    const [first] = open as [Connection];
    await first.subscribe(topics[1]);
    return {
      // What is as large as we offered ourselves, no broker said.
      maxPacketBytes: first.maxPacketBytes < target.maxPacketBytes ? first.maxPacketBytes : undefined,
      room: first.maxPacketBytes - PACKET_OVERHEAD,
      probe: (bytes, listeners = 1) => probe(first, bytes, listeners),
      close,
    };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }

  async function probe(connection: Connection, bytes: number, listeners: 1 | typeof CROWD): Promise<Sample> {
    if (signal?.aborted) throw new CutlineError('CANCELLED');
    // Random bytes: nothing on the way can compress them.
    const payload = randomBytes(Math.max(bytes, ID));
    const id = randomBytes(ID / 2).toString('hex');
    payload.write(id, 'latin1');
    const startedMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    const echo = new Promise<number>((resolve, reject) => {
      let left: number = listeners;
      timer = setTimeout(() => {
        reject(new CutlineError('LINK_SILENT', { url: target.url, bytes, seconds: timeoutMs / 1000 }));
      }, timeoutMs);
      abort = () => reject(new CutlineError('CANCELLED'));
      signal?.addEventListener('abort', abort, { once: true });
      waiting.set(id, () => --left === 0 && resolve(performance.now() - startedMs));
    });
    try {
      const published = connection.publish(topics[listeners], payload, { qos: 1 });
      const acknowledged = published.then(() => performance.now() - startedMs);
      const [ackMs, echoMs] = await Promise.all([acknowledged, echo]);
      return { bytes, listeners, ackMs, echoMs };
    } finally {
      clearTimeout(timer);
      if (abort) signal?.removeEventListener('abort', abort);
      waiting.delete(id);
    }
  }
}
