/** The moves of a recording, decided again by the code that decided them. Pure. */
import type { Plan } from '../../plan/index.ts';
import { decide, type Move, type Position } from './choose.ts';
import type { RoutesLine } from './log.ts';
import type { MoveSettings } from './settings.ts';
import { choiceOf } from './terms.ts';

export interface Replayed {
  readonly looks: number;
  readonly recorded: readonly Move[];
  readonly decided: readonly Move[];
}

/** @param lines of one recording, beginning with a start */
export function replay(lines: readonly RoutesLine[], plan: Plan): Replayed {
  const choice = choiceOf(plan);
  const [recorded, decided] = [[] as Move[], [] as Move[]];
  let from: { position: Position; readonly settings: MoveSettings } | undefined;
  let looks = 0;
  for (const line of lines) {
    if (line.kind === 'start') from = { position: line.position, settings: line.settings };
    else if (line.kind === 'move') {
      const { atMs, from: left, to, reason } = line;
      recorded.push({ atMs, from: left, to, reason });
    } else if (from) {
      const { kind: _, ...look } = line;
      const { position, move } = decide(from.position, look, choice, from.settings);
      from = { ...from, position };
      looks++;
      if (move) decided.push(move);
    }
  }
  return { looks, recorded, decided };
}
