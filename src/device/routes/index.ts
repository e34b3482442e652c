/** Moving between the routes of a plan's safe set. */

export { RoutesLog, readRoutesLog } from './log.ts';
export { type OpenRouting, openRouting, type RoutesTold } from './open.ts';
export { type Replayed, replay } from './replay.ts';
export { type RoutesSettings, routesSchema } from './settings.ts';
export { Stream } from './stream.ts';
