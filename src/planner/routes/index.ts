/** Routes over tiers: the network in parts, wherever they may run. */
export { planRoutes, type Route, type RouteOutcome } from './plan-routes.ts';
export { openTiers, readTiers, type Tiers, type TiersFile } from './tiers.ts';
