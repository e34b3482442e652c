/** `cutline routes replay`: the moves of a recording, decided again by the agent's own code. */
import { readRoutesLog, replay } from '../device/index.ts';
import { CutlineError } from '../errors.ts';
import { type Plan, readPlan, routesOf, verifyId } from '../plan/index.ts';
import { table } from './output.ts';

export interface RoutesReplay {
  readonly format: 'cutline.routes-replay/1';
  readonly path: string;
  readonly planId: string;
  /** Moments at which anything was new. */
  readonly looks: number;
  readonly moves: readonly {
    readonly at: string;
    readonly from: string;
    readonly to: string;
    readonly fromRoute: string;
    readonly toRoute: string;
    readonly reason: string;
  }[];
}

/** @throws CutlineError FILE_*, PLAN_INVALID, PLAN_ALTERED, ROUTES_LOG_INVALID, ROUTES_LOG_OTHER_PLAN, ROUTES_DIFFER */
export async function runRoutesReplay(path: string, planPath: string): Promise<RoutesReplay> {
  const plan = await readPlan(planPath);
  verifyId(plan);
  const lines = await readRoutesLog(path);
  for (const line of lines) {
    if (line.kind !== 'start' || line.planId === plan.planId) continue;
    throw new CutlineError('ROUTES_LOG_OTHER_PLAN', { path, found: line.planId, wanted: plan.planId });
  }
  const { looks, recorded, decided } = replay(lines, plan);
  const differs = Array.from({ length: Math.max(recorded.length, decided.length) }, (_, i) => i).find(
    (i) => JSON.stringify(recorded[i]) !== JSON.stringify(decided[i]),
  );
  if (differs !== undefined) {
    const told = (move: (typeof decided)[number] | undefined) =>
      move ? `${new Date(move.atMs).toISOString()} to ${move.to}` : 'no further move';
    throw new CutlineError('ROUTES_DIFFER', {
      path,
      recorded: told(recorded[differs]),
      decided: told(decided[differs]),
    });
  }
  const moves = decided.map(({ atMs, from, to, reason }) => {
    const [fromRoute, toRoute] = [wayOf(plan, from), wayOf(plan, to)];
    return { at: new Date(atMs).toISOString(), from, to, fromRoute, toRoute, reason };
  });
  return { format: 'cutline.routes-replay/1', path, planId: plan.planId, looks, moves };
}

function wayOf(plan: Plan, planId: string): string {
  const { cut, defense, codec } = routesOf(plan).find((route) => route.planId === planId)!;
  return cut.id === 'output' ? 'all on the device' : `${cut.id}, ${defense}, ${codec}`;
}

export function replayText({ path, looks, moves }: RoutesReplay): string {
  const first = `${path}: ${looks} looks, ${moves.length} moves, decided again as they were recorded`;
  const rows = moves.map(({ at, fromRoute, toRoute, reason }) => [at, fromRoute, toRoute, reason]);
  return moves.length === 0 ? first : [first, table([['at', 'from', 'to', 'why'], ...rows])].join('\n');
}
