/** Moving between the routes of a plan's safe set. */

export { readRoutesLog } from './log.ts';
export { type OpenRouting, openRouting, type RoutesTold } from './open.ts';
export { replay } from './replay.ts';
export { routesSchema } from './settings.ts';
export { Stream } from './stream.ts';
