/**
 * Where an attack is set otherwise than by default. A protocol asks for attacks as they are by themselves, since what somebody
 * sets may make them weaker: it need not know which way.
 */
import type { Settings } from '../attacks/index.ts';

/** Budgets are told and held apart; the others say where and how fast, and not what is done. */
const apart = ['cut', 'batch', 'queries', 'epochs', 'iterations', 'restarts', 'shadows'];
/** Options that hold others. */
const grouped = ['rmle', 'training'];

/**
 * @param options that describe the attack completely; undefined is the default
 * @returns undefined where nothing differs
 */
export function differing(options: object, defaults: Settings = {}): Settings | undefined {
  const found = Object.entries(options).flatMap(([key, value]): [string, string | number][] => {
    if (value === undefined || value === defaults[key] || apart.includes(key)) return [];
    if (grouped.includes(key)) return Object.entries(differing(value, defaults) ?? {});
    return [[key, typeof value === 'number' || typeof value === 'string' ? value : 'given']];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
