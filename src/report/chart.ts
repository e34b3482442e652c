/** Charts as SVG that follows the page's colours, in light and in dark. */

import type { EChartsOption } from 'echarts';
import { BarChart, CustomChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import { type Html, html, trusted } from '../html.ts';

echarts.use([
  SVGRenderer,
  BarChart,
  CustomChart,
  ScatterChart,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  LabelLayout,
]);

/**
 * Stand-ins for the page's colours: the chart library wants colours it can read, the page decides what they are. Each is
 * replaced by a CSS variable in the finished SVG.
 */
export const colours = {
  ink: '#010101',
  muted: '#020202',
  line: '#030303',
  safe: '#040404',
  leak: '#050505',
  panel: '#060606',
} as const;

const variables = new Map(Object.entries(colours).map(([name, colour]) => [colour as string, `var(--${name})`]));

export const text = { color: colours.muted, fontFamily: 'inherit', fontSize: 12 } as const;

/** A value axis in the page's style. */
export function axis(name: string, nameGap: number) {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap,
    nameTextStyle: { ...text, color: colours.ink },
    axisLabel: text,
    axisLine: { show: true, lineStyle: { color: colours.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
  } as const;
}

/**
 * The chart twice, for wide and for narrow screens: shrinking one would shrink its letters.
 * @param option called with the size it is for
 * @param label for those who do not see it
 */
export function chart(label: string, option: (width: number, height: number) => EChartsOption): Html {
  const figure = (width: number, height: number, name: string) =>
    html`<div class="chart ${name}" role="img" aria-label="${label}">${svg(option(width, height), width, height)}</div>`;
  return html`${figure(960, 440, 'wide')}${figure(400, 380, 'narrow')}`;
}

function svg(option: EChartsOption, width: number, height: number): Html {
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption({ animation: false, backgroundColor: 'transparent', ...option });
    const markup = instance
      .renderToSVGString()
      .replace(/#(0[1-6])\1\1/g, (colour) => variables.get(colour) ?? colour)
      .replace(/^<svg width="\d+" height="\d+"/, '<svg');
    return trusted(markup);
  } finally {
    instance.dispose();
  }
}
