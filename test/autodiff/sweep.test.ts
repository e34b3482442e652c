/**
 * Every operator with a rule, in the product of its attributes: the gradient graph as the engine loads it against central
 * differences of the forward graph on the same engine. Nothing of ours but shapes and the gradient takes part. Every third variant is
 * enough for a change that meant no harm; THOROUGH=1 tries all of them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rewritten, rules } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { wrongGradient } from './sweep/differences.ts';
import { sweep } from './sweep/index.ts';
import type { Variant } from './sweep/variant.ts';

/** One for each core: nearly all time is loading small graphs. */
let engines: readonly Engine[];
beforeAll(async () => {
  engines = [await createEngine({ threads: 1 }), await createEngine({ threads: 1 })];
});
afterAll(() => Promise.all(engines.map((e) => e.close())));

async function wrongOf(variants: readonly Variant[]): Promise<string[]> {
  const rest = [...variants];
  const wrong: string[] = [];
  const lane = async (engine: Engine) => {
    for (let variant = rest.shift(); variant; variant = rest.shift()) {
      const problem = await wrongGradient(engine, variant);
      if (problem) wrong.push(`${variant.label}: ${problem}`);
    }
  };
  await Promise.all(engines.map(lane));
  return wrong;
}

/** Of each operator at least one. */
const tried = (variants: readonly Variant[]): readonly Variant[] =>
  process.env.THOROUGH ? variants : variants.filter((_, i) => i % 3 === 0);

const operators = [...rules.keys(), ...rewritten].sort();

describe('sweep', () => {
  it('has variants of every operator with a rule, that have a gradient, and of no other', () => {
    const running = (op: string) => sweep[op]?.some((v) => !v.refused && !v.unruled);
    expect(operators.filter((op) => !running(op))).toEqual([]);
    expect(Object.keys(sweep).filter((op) => !operators.includes(op))).toEqual([]);
  });

  for (const op of operators) {
    const variants = tried(sweep[op] ?? []);
    it(`${op}: ${variants.length} variants agree with differences on the engine`, async () => {
      expect(await wrongOf(variants)).toEqual([]);
    }, 300_000);
  }
});
