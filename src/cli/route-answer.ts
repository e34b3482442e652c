/** What `cutline plan --tiers` prints: the best route, and whether the runtime can run it. Nothing is written. */
import { CutlineError } from '../errors.ts';
import type { RouteOutcome } from '../planner/index.ts';

export interface RouteAnswer {
  readonly document: RouteOutcome['route'] & {
    readonly format: 'cutline.route/1';
    readonly runnable: boolean;
    /** Why not. */
    readonly code?: 'ROUTE_UNRUNNABLE';
    readonly message?: string;
    readonly audits: number;
  };
}

export function routeAnswer({ route, unrunnable, audits }: RouteOutcome): RouteAnswer {
  const error = unrunnable === undefined ? undefined : new CutlineError('ROUTE_UNRUNNABLE', { problem: unrunnable });
  const why = error && { code: 'ROUTE_UNRUNNABLE' as const, message: error.message };
  return { document: { format: 'cutline.route/1', runnable: !error, ...why, ...route, audits } };
}

export function routeText({ document: d }: RouteAnswer): string {
  const { latencyMs, energyMj, bytes } = d.cost;
  const figure = (n: number) => String(Number(n.toPrecision(3)));
  return [
    `Route: ${figure(latencyMs)} ms, ${Number.isFinite(energyMj) ? `${figure(energyMj)} mJ, ` : ''}${bytes} bytes sent`,
    ...d.stages.map((s) => `  ${s.tier} runs ${s.from} to ${s.to}`),
    ...d.hops.map((h) => {
      const seen = h.leakage ? `, SSIM up to ${h.leakage.ssim.high.toFixed(3)} to ${h.observers.join(', ')}` : '';
      return `  ${h.from} sends ${h.cut} to ${h.to} (${h.defense}, ${h.codec})${seen}`;
    }),
    d.hidesAnswer
      ? 'No tier that is not trusted computes the answer.'
      : 'A tier that is not trusted computes the answer.',
    d.message ?? 'The runtime can run it: plan it with --device, --cloud, --link and --at.',
  ].join('\n');
}
