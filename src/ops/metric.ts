/** Figures in the text format of Prometheus 0.0.4. */

export interface Metric {
  /** With its unit: `…_seconds`, `…_bytes`, and `…_total` where it only grows. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly value: number;
  /** Of names and sets that are known beforehand: never of pictures, devices or strangers, so that there are few. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the name ends with, of a histogram's parts. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(family).join('');
}

/** One figure without labels. */
export function figure(name: string, type: 'counter' | 'gauge', help: string, value: number): Metric {
  return { name, help, type, samples: [{ value }] };
}

/** One figure for each of a set, by the label that tells them apart. */
export function figures(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number | undefined>>,
): Metric {
  const samples = Object.entries(values).map(([key, value = 0]) => ({ labels: { [label]: key }, value }));
  return { name, help, type: 'counter', samples };
}

function family({ name, help, type, samples }: Metric): string {
  const lines = samples.map(({ suffix = '', labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${written(value)}\n`;
  });
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const written = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
