/** Leakage against latency: every candidate that was attacked, with the line that must not be crossed. */
import type { EChartsOption } from 'echarts';
import { type Html, html } from '../html.ts';
import { axis, chart, colours, text } from './chart.ts';
import { bestCodecs, isChosen } from './format.ts';
import { type Box, LABEL_GAP, labelPlace, type Room } from './label-place.ts';
import type { CandidateEntry, PlanEntry } from './types.ts';

type Known = CandidateEntry & { readonly leakage: NonNullable<CandidateEntry['leakage']> };

/** Pixels for the axis and what it says. */
const BELOW_PLOT = 52;

export function leakageScatter(plan: PlanEntry): Html {
  const shown = bestCodecs(plan.candidates);
  // The chosen codec need not be its cut's fastest.
  const all = plan.chosen && !shown.some((c) => isChosen(c, plan.chosen)) ? [...shown, plan.chosen] : shown;
  const known = all.filter((c): c is Known => c.leakage !== null);
  const unknown = all.length - known.length;
  const drawing = chart('Leakage against latency of every candidate', (width, height) =>
    option(plan, known, { width, height: height - BELOW_PLOT }),
  );
  return html`${drawing}
    <ul class="legend">
      <li><span class="mark chosen"></span>chosen</li>
      <li><span class="mark safe"></span>allowed</li>
      <li><span class="mark leak"></span>refused</li>
      <li><span class="mark diamond"></span>with a defense</li>
      <li><span class="bar"></span>95 % interval; its upper end decides</li>
    </ul>
    ${unknown > 0 ? html`<p class="note">${unknown} more ${unknown === 1 ? 'was' : 'were'} not attacked: a cheaper one was proven first, or another requirement ruled it out.</p>` : undefined}`;
}

/** @param room to the right edge of the chart, and down to the axis */
function option(plan: PlanEntry, known: readonly Known[], room: Room): EChartsOption {
  const narrow = room.width < 600;
  const { maxSsim } = plan.thresholds;
  const points = (some: readonly Known[], colour: string, size: number) => ({
    type: 'scatter' as const,
    symbol: ((_: unknown, { dataIndex }: { dataIndex: number }) =>
      some[dataIndex]?.defense === 'none' ? 'circle' : 'diamond') as never,
    symbolSize: size,
    itemStyle: { color: colour, borderColor: colours.panel, borderWidth: 1.5 },
    label: {
      show: true,
      formatter: ({ dataIndex }: { dataIndex: number }) => labelOf(some[dataIndex]!, plan.chosen),
      distance: LABEL_GAP,
      position: 'right' as const,
      ...text,
      color: colours.ink,
      fontSize: 11,
      textBorderColor: colours.panel,
      textBorderWidth: 3,
    },
    labelLayout: placed(room, true),
    data: some.map((c) => [c.latencyMs.total, c.leakage.ssim.high]),
  });
  const chosen = known.filter((c) => isChosen(c, plan.chosen));
  const safe = known.filter((c) => c.feasible && !isChosen(c, plan.chosen));
  const refused = known.filter((c) => !c.feasible);
  const highest = Math.max(1, ...known.map((c) => c.leakage.ssim.high));
  const lowest = Math.min(0, ...known.map((c) => c.leakage.ssim.low));
  return {
    grid: { left: narrow ? 46 : 56, right: narrow ? 34 : 24, top: 16, bottom: BELOW_PLOT },
    xAxis: {
      ...axis('latency of one picture, ms', 32),
      // A little air on both sides, but no time below zero.
      min: ({ min, max }: { min: number; max: number }) => Math.max(0, min - 0.08 * (max - min)),
      max: ({ min, max }: { min: number; max: number }) => max + 0.08 * (max - min || max),
      axisLabel: { ...axis('', 0).axisLabel, hideOverlap: true, showMinLabel: false, showMaxLabel: false },
    },
    yAxis: {
      ...axis('SSIM of the strongest attack run', narrow ? 32 : 40),
      min: Math.floor(lowest * 5) / 5,
      max: highest,
    },
    series: [
      {
        type: 'custom',
        z: 1,
        silent: true,
        // x, low, high: a whisker.
        data: known.map((c) => [c.latencyMs.total, c.leakage.ssim.low, c.leakage.ssim.high]),
        encode: { x: 0, y: [1, 2] },
        renderItem: (_, api) => {
          const [x, low] = api.coord([api.value(0), api.value(1)]) as [number, number];
          const [, high] = api.coord([api.value(0), api.value(2)]) as [number, number];
          return {
            type: 'line',
            shape: { x1: x, y1: low, x2: x, y2: high },
            style: { stroke: colours.muted, lineWidth: 1.2, opacity: 0.7 },
          };
        },
        markLine: {
          symbol: 'none',
          silent: true,
          data: [{ yAxis: maxSsim }],
          lineStyle: { color: colours.leak, type: 'dashed', width: 1.5 },
          label: {
            formatter: `asked for: at most ${maxSsim}`,
            position: 'insideStartTop',
            ...text,
            color: colours.leak,
          },
        },
        markArea: {
          silent: true,
          itemStyle: { color: colours.leak, opacity: 0.06 },
          data: [[{ yAxis: maxSsim }, { yAxis: highest }]],
        },
      },
      { ...points(refused, colours.leak, 9), z: 2 },
      { ...points(safe, colours.safe, 9), z: 3 },
      {
        ...points(chosen, colours.safe, 17),
        z: 4,
        itemStyle: { color: colours.safe, borderColor: colours.ink, borderWidth: 2 },
        labelLayout: placed(room, false),
      },
    ],
  };
}

const placed =
  (room: Room, hideOverlap: boolean) =>
  ({ rect, labelRect }: { readonly rect: Box; readonly labelRect: Box }) => ({
    ...labelPlace(rect, labelRect, room),
    hideOverlap,
  });

/** Defended points stand below the undefended one of their cut and go without a name, except the chosen one. */
function labelOf(c: CandidateEntry, chosen: CandidateEntry | undefined): string {
  if (c.defense !== 'none' && !isChosen(c, chosen)) return '';
  const name = c.cut === 'input' ? 'all cloud' : c.cut === 'output' ? 'all device' : c.cut;
  return c.defense === 'none' ? short(name) : `${short(name)} + ${short(c.defense)}`;
}

const short = (name: string) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
