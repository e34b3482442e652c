/** A fleet as it is seen from its broker, and the page that shows it. */
export { type DashboardConfig, dashboardConfigSchema } from './config.ts';
export { openDashboard } from './open.ts';
export { type DashboardStart, startDashboard } from './start.ts';
export { ago, isConsumerSilent, type Status, statusOf } from './status.ts';
export type { ConsumerView, DeviceView, FleetUpdate, PlanView } from './view.ts';
