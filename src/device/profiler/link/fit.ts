/** From echoes to the figures of a link. Pure. */
import { median, quantile } from '../../../numeric/index.ts';
import type { Figure, Link } from '../../../profile/index.ts';
import { round } from '../round.ts';
import { CROWD, type Sample } from './echo.ts';

/** At least two sizes for a throughput. */
export function linkOf(samples: readonly Sample[], maxPacketBytes: number | undefined, loss?: number): Link {
  const alone = samples.filter((s) => s.listeners === 1);
  const sizes = [...new Set(alone.map((s) => s.bytes))].sort((a, b) => a - b);
  const echoesOf = (bytes: number) => alone.filter((s) => s.bytes === bytes).map((s) => s.echoMs);
  const up = slope(alone.map((s) => [s.bytes, s.ackMs]));
  const down = downMsPerByte(samples);
  const measured = { source: 'measured' as const };
  // Faster than the clock can tell: ten gigabits stand for it.
  const bps = (msPerByte: number) => Math.min(1e10, 8000 / Math.max(msPerByte, 1e-12));
  return {
    rttMs: echoFigure(echoesOf(sizes[0]!)),
    uplinkBps: {
      value: round(bps(up)),
      unit: 'bit/s',
      ...measured,
      note: 'payload bits until the broker acknowledges',
    },
    ...(down !== undefined && {
      downlinkBps: {
        value: round(bps(down)),
        unit: 'bit/s',
        ...measured,
        note: `what ${CROWD} copies of a message take longer to arrive than one`,
      },
    }),
    echoes: sizes.map((bytes) => ({ bytes, ms: echoFigure(echoesOf(bytes)) })),
    ...(loss !== undefined && {
      loss: {
        value: round(loss),
        unit: 'share',
        ...measured,
        note: 'TCP segments that this machine sent again meanwhile',
      },
    }),
    ...(maxPacketBytes !== undefined && {
      maxPacketBytes: { value: maxPacketBytes, unit: 'B', ...measured, note: 'as the broker says' },
    }),
  };
}

function echoFigure(ms: readonly number[]): Figure<'ms'> {
  const at = (p: number) => round(quantile(ms, p));
  const spread = { p10: at(0.1), p90: at(0.9), p95: at(0.95), n: ms.length };
  return { value: round(median(ms)), unit: 'ms', source: 'measured', spread };
}

/** What a copy more costs grows with its size by this much a byte; undefined where the clock cannot tell. */
function downMsPerByte(samples: readonly Sample[]): number | undefined {
  const sizes = [...new Set(samples.filter((s) => s.listeners === CROWD).map((s) => s.bytes))];
  const at = (bytes: number, listeners: number) =>
    median(samples.filter((s) => s.bytes === bytes && s.listeners === listeners).map((s) => s.echoMs));
  const copies = sizes.map((bytes) => [bytes, (at(bytes, CROWD) - at(bytes, 1)) / (CROWD - 1)] as const);
  const perByte = slope(copies);
  return perByte > 0 ? perByte : undefined;
}

/** Theil–Sen: the median of the slopes between all pairs of sizes. One late packet in four does not move it. */
function slope(points: readonly (readonly [number, number])[]): number {
  const byBytes = new Map<number, number[]>();
  for (const [x, y] of points) byBytes.set(x, [...(byBytes.get(x) ?? []), y]);
  const medians = [...byBytes].map(([x, ys]) => [x, median(ys)] as const);
  const slopes = medians.flatMap(([x0, y0], i) => medians.slice(i + 1).map(([x1, y1]) => (y1 - y0) / (x1 - x0)));
  return slopes.length > 0 ? median(slopes) : 0;
}
