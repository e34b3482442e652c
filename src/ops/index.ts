/** Metrics, health, and what systemd is told. */
export {
  type AgentHealth,
  agentHealthSchema,
  type ConsumerHealth,
  consumerHealthSchema,
  MOST_FAILURES,
  MOST_HEALTH_BYTES,
  MOST_PLAN_IDS,
} from './health.ts';
export { Histogram } from './histogram.ts';
export { figure, figures, type Metric, metricsText } from './metric.ts';
export { openNotifier } from './notify.ts';
export { type Ops, openOps, tokenOf } from './ops.ts';
export { type Overrides, overlay, variableOf } from './overlay.ts';
export type { Report } from './report.ts';
export { answerOps } from './server.ts';
export { jsonSchema, settingPaths } from './setting-paths.ts';
export { type HttpSettings, httpSchema } from './settings.ts';
