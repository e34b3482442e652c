/**
 * The link as an activation meets it: through the broker. A message to ourselves gives the round trip; the broker's
 * acknowledgement of larger and larger ones the uplink, since it answers when it has the last byte; and what several copies
 * of a message take longer than one the downlink.
 */
import type { ConnectOptions } from '../../../broker/index.ts';
import type { Link } from '../../../profile/index.ts';
import { CROWD, openEchoes, type Sample } from './echo.ts';
import { linkOf } from './fit.ts';
import { countSegments, lossBetween } from './segments.ts';

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

const SIZES = [64, 4096, 16_384, 65_536, 262_144, 1_048_576];

/** @throws CutlineError BROKER_REFUSED, BROKER_LOST, LINK_SILENT when echoes do not come back */
export async function measureLink(options: LinkProbeOptions): Promise<Link> {
  const { repeats = 40, budgetMs = 20_000, ...rest } = options;
  const echoes = await openEchoes(rest);
  try {
    const sizes = (options.sizes ?? SIZES).filter((s) => s <= echoes.room);
    const samples: Sample[] = [];
    const before = await countSegments();
    const startedMs = performance.now();
    for (const [i, bytes] of sizes.entries()) {
      // Each size gets its share of what is left, so a slow link is known by its small messages and a few large ones.
      const untilMs = performance.now() + (startedMs + budgetMs - performance.now()) / (sizes.length - i);
      for (let n = 0; n < repeats && (n < 2 || performance.now() < untilMs); n++) {
        samples.push(await echoes.probe(bytes));
        // Every other time: copies are dear.
        if (n % 2 === 0) samples.push(await echoes.probe(bytes, CROWD));
      }
    }
    return linkOf(samples, echoes.maxPacketBytes, lossBetween(before, await countSegments()));
  } finally {
    await echoes.close();
  }
}
