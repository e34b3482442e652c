/** How long each picture took, end to end. */

import type { EChartsOption } from 'echarts';
import type { Html } from '../html.ts';
import { quantile } from '../numeric/index.ts';
import { axis, chart, colours, text } from './chart.ts';
import { milliseconds } from './format.ts';

/** Bins over the fastest 99 %, so that one slow picture does not flatten the rest; slower ones count in the last bin. */
export function latencyHistogram(latencyMs: readonly number[]): Html {
  const [p50, p95] = [quantile(latencyMs, 0.5), quantile(latencyMs, 0.95)];
  const low = Math.min(...latencyMs);
  const high = Math.max(quantile(latencyMs, 0.99), low + 1e-3);
  return chart('Latency of every picture', (width) => {
    const bins = width < 600 ? 20 : 40;
    const step = (high - low) / bins;
    const counts = new Array<number>(bins).fill(0);
    for (const v of latencyMs) counts[Math.min(bins - 1, Math.floor((v - low) / step))]!++;
    return option(counts, low, step, p50, p95);
  });
}

function option(counts: readonly number[], low: number, step: number, p50: number, p95: number): EChartsOption {
  const marks = [
    { xAxis: p50, name: `p50 ${milliseconds(p50)} ms` },
    { xAxis: p95, name: `p95 ${milliseconds(p95)} ms` },
  ];
  return {
    grid: { left: 48, right: 24, top: 40, bottom: 52 },
    xAxis: {
      ...axis('latency, ms', 32),
      min: low,
      max: low + step * counts.length,
      splitLine: { show: false },
      axisLabel: { ...text, showMaxLabel: false, formatter: (v: number) => milliseconds(v) },
    },
    yAxis: { ...axis('pictures', 34), minInterval: 1 },
    series: [
      {
        type: 'custom',
        data: counts.map((count, i) => [low + i * step, count]),
        renderItem: (_, api) => {
          const [x, y] = api.coord([api.value(0), api.value(1)]) as [number, number];
          const [right, bottom] = api.coord([Number(api.value(0)) + step, 0]) as [number, number];
          return {
            type: 'rect',
            shape: { x: x + 0.5, y, width: Math.max(1, right - x - 1), height: bottom - y },
            style: { fill: colours.safe, opacity: 0.75 },
          };
        },
        markLine: {
          symbol: 'none',
          silent: true,
          data: marks,
          lineStyle: { color: colours.ink, type: 'dashed', width: 1.2 },
          label: { formatter: '{b}', ...text, color: colours.ink },
        },
      },
    ],
  };
}
