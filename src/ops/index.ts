/** Metrics, health, and what systemd is told. */
export { Histogram } from './histogram.ts';
export { figure, figures, type Metric, metricsText } from './metric.ts';
export { openNotifier } from './notify.ts';
export { type Ops, openOps, tokenOf } from './ops.ts';
export { type Overrides, overlay, variableOf } from './overlay.ts';
export type { Report } from './report.ts';
export { jsonSchema, settingPaths } from './setting-paths.ts';
export { type HttpSettings, httpSchema } from './settings.ts';
