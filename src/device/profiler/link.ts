/**
 * The link as an activation meets it: through the broker. A message to ourselves gives the round trip; the broker's
 * acknowledgement of larger and larger ones gives the uplink, since it answers when it has the last byte.
 */
import { randomBytes } from 'node:crypto';
import { type ConnectOptions, connect } from '../../broker/index.ts';
import { CutlineError } from '../../errors.ts';
import { median, quantile } from '../../numeric/index.ts';
import type { Link } from '../../profile/index.ts';
import { round } from './compute.ts';

export interface LinkProbeOptions {
  readonly connect: ConnectOptions;
  /** Payload sizes; those above the broker's limit are left out. */
  readonly sizes?: readonly number[];
  readonly repeats?: number;
  /** For the whole probe; a link that is slower gets fewer repeats, and at least two of each size. Default 20 s. */
  readonly budgetMs?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const SIZES = [64, 16_384, 65_536, 262_144, 1_048_576];
const PACKET_OVERHEAD = 512;

/** Milliseconds to the acknowledgement and to the echo of a payload. */
export interface Sample {
  readonly bytes: number;
  readonly ackMs: number;
  readonly echoMs: number;
}

/** @throws CutlineError BROKER_REFUSED, BROKER_LOST, LINK_SILENT when echoes do not come back */
export async function measureLink(options: LinkProbeOptions): Promise<Link> {
  const { repeats = 20, budgetMs = 20_000, timeoutMs = 15_000, signal } = options;
  const echoes = new Map<string, () => void>();
  const topic = `cutline/v1/profile/${randomBytes(8).toString('hex')}/probe`;
  const receive = (_topic: string, payload: Buffer) => echoes.get(payload.toString('latin1', 0, 16))?.();
  const connection = await connect(options.connect, receive, signal);
  try {
    await connection.subscribe(topic);
    const room = connection.maxPacketBytes - PACKET_OVERHEAD;
    const sizes = (options.sizes ?? SIZES).filter((s) => s <= room);
    const samples: Sample[] = [];
    const startedMs = performance.now();
    for (const [i, bytes] of sizes.entries()) {
      // Each size gets its share of what is left, so a slow link is known by its small messages and a few large ones.
      const untilMs = performance.now() + (startedMs + budgetMs - performance.now()) / (sizes.length - i);
      for (let n = 0; n < repeats && (n < 2 || performance.now() < untilMs); n++) {
        samples.push(await probe(bytes));
      }
    }
    return linkOf(samples, connection.protocol === 5 ? connection.maxPacketBytes : undefined);
  } finally {
    await connection.close();
  }

  async function probe(bytes: number): Promise<Sample> {
    if (signal?.aborted) throw new CutlineError('CANCELLED');
    // Random bytes: nothing on the way can compress them.
    const payload = randomBytes(bytes);
    const id = randomBytes(8).toString('hex');
    payload.write(id, 'latin1');
    const startedMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const echo = new Promise<number>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new CutlineError('LINK_SILENT', { url: options.connect.url, bytes, seconds: timeoutMs / 1000 }));
      }, timeoutMs);
      echoes.set(id, () => resolve(performance.now() - startedMs));
    });
    try {
      const acknowledged = connection.publish(topic, payload, { qos: 1 }).then(() => performance.now() - startedMs);
      const [ackMs, echoMs] = await Promise.all([acknowledged, echo]);
      return { bytes, ackMs, echoMs };
    } finally {
      clearTimeout(timer);
      echoes.delete(id);
    }
  }
}

/** Pure: samples to figures. At least two sizes for a throughput. */
export function linkOf(samples: readonly Sample[], maxPacketBytes: number | undefined): Link {
  const smallest = Math.min(...samples.map((s) => s.bytes));
  const small = samples.filter((s) => s.bytes === smallest).map((s) => s.echoMs);
  const up = slope(samples.map((s) => [s.bytes, s.ackMs]));
  const there = slope(samples.map((s) => [s.bytes, s.echoMs]));
  const measured = { source: 'measured' as const };
  const spread = { p10: round(quantile(small, 0.1)), p90: round(quantile(small, 0.9)), n: small.length };
  // Below this slope the link is faster than the clock: ten gigabits stand for it.
  const bps = (msPerByte: number) => Math.min(1e10, 8000 / Math.max(msPerByte, 1e-12));
  return {
    rttMs: { value: round(median(small)), unit: 'ms', ...measured, spread },
    uplinkBps: {
      value: round(bps(up)),
      unit: 'bit/s',
      ...measured,
      note: 'payload bits until the broker acknowledges',
    },
    ...(there > up && {
      downlinkBps: {
        value: round(bps(there - up)),
        unit: 'bit/s',
        ...measured,
        note: 'what the echo adds to the acknowledgement',
      },
    }),
    ...(maxPacketBytes !== undefined && {
      maxPacketBytes: { value: maxPacketBytes, unit: 'B', ...measured, note: 'as the broker says' },
    }),
  };
}

/** Theil–Sen: the median of the slopes between all pairs of sizes. One late packet in four does not move it. */
function slope(points: readonly (readonly [number, number])[]): number {
  const byBytes = new Map<number, number[]>();
  for (const [x, y] of points) byBytes.set(x, [...(byBytes.get(x) ?? []), y]);
  const medians = [...byBytes].map(([x, ys]) => [x, median(ys)] as const);
  const slopes = medians.flatMap(([x0, y0], i) => medians.slice(i + 1).map(([x1, y1]) => (y1 - y0) / (x1 - x0)));
  return slopes.length > 0 ? median(slopes) : 0;
}
