/** Every gradient rule against central differences, and its graph on the engine against the reference. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rewritten, rules, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { piecewiseConstant } from '../../src/autodiff/rule.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import type { Graph } from '../../src/model/graph.ts';
import { type Case, type CaseGenerator, caseOf, describeCase, operatorCases } from '../support/cases/index.ts';
import { mismatch } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { chains } from './chains.ts';
import {
  byInput,
  compareWithDifferences,
  cotangentsOf,
  inSinglePrecision,
  noise,
  vjpFeeds,
  withShapes,
} from './check.ts';
import { refusals } from './refusals.ts';

/** Constants in gradient graphs are float32: 6e-8 each. */
const tolerance = 1e-6;
const singleTolerance = 5e-5;
const runsPerGenerator = 25;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Cases that could have a gradient: something float goes in and something float comes out. */
const differentiable = (c: Case): boolean =>
  c.reals.length > 0 &&
  c.reals.every((name) => c.feeds[name]!.data.length > 0) &&
  c.graph.outputs.some((o) => o.dtype === 'float32');

/** @returns the number of directions compared; 0 for a case that is refused for a known reason. */
async function check(drawn: Case, seed: number): Promise<number> {
  const random = noise(seed);
  const graph = withShapes(drawn.graph, drawn.feeds);
  let vjp: Graph;
  try {
    vjp = vectorJacobianGraph(graph);
  } catch (error) {
    const known = error instanceof CutlineError && error.code === 'NO_GRADIENT_RULE' && refusals(drawn);
    if (known) return 0;
    throw error;
  }
  const cotangents = cotangentsOf(graph, random);
  const feeds = vjpFeeds(drawn.feeds, cotangents);
  const exact = runReference(vjp, feeds);
  const { wrong, compared } = compareWithDifferences(graph, drawn.feeds, cotangents, byInput(exact), random, {
    tolerance,
  });
  expect(wrong, describeCase(drawn)).toEqual([]);

  const session = await engine.load(vjp);
  const single = await session.run(inSinglePrecision(feeds));
  await session.close();
  const expected = runReference(vjp, feeds, { precision: 'declared' });
  expect(mismatch(single, expected, singleTolerance), `engine: ${describeCase(drawn)}`).toBeUndefined();
  return compared;
}

async function checkAll(generators: readonly CaseGenerator[], runs: number): Promise<void> {
  let compared = 0;
  for (const generator of generators) {
    await fc.assert(
      fc.asyncProperty(caseOf(generator), fc.nat(), async (drawn, seed) => {
        if (differentiable(drawn)) compared += await check(drawn, seed);
      }),
      { numRuns: runs, seed: 7 },
    );
  }
  // A rule whose every case was refused has not been checked.
  expect(compared).toBeGreaterThan(0);
}

/** Operators whose cases all take integers or booleans, or that have nothing to differentiate. */
const withoutRealInput = new Set([
  'ArgMax',
  'ArgMin',
  'And',
  'Or',
  'Xor',
  'Not',
  'Constant',
  'ConstantOfShape',
  'Range',
  'OneHot',
  'Equal',
  'Less',
  'LessOrEqual',
  'Greater',
  'GreaterOrEqual',
  'Shape',
  'Size',
]);

/** Rounded on purpose: no difference shows their gradient. See quantize.test.ts. */
const straightThrough = new Set(['QuantizeLinear', 'DynamicQuantizeLinear']);

describe('gradient rules', () => {
  it('each has cases here, so none goes unchecked', () => {
    expect([...rules.keys(), ...rewritten].filter((op) => !operatorCases[op])).toEqual([]);
  });

  for (const op of [...rules.keys(), ...rewritten].filter((op) => !straightThrough.has(op)).sort()) {
    it(`${op} agrees with central differences, and on the engine`, () =>
      checkAll(operatorCases[op] ?? [], runsPerGenerator));
  }
});

describe('operators that are constant piece by piece', () => {
  const ops = Object.keys(operatorCases).filter((op) => piecewiseConstant.has(op) && !withoutRealInput.has(op));
  for (const op of ops) {
    it(`${op} is refused, and named: its gradient would be zero`, () => refusedByName(op));
  }
});

describe('several nodes', () => {
  for (const [name, chain] of Object.entries(chains)) {
    it(`${name}`, () => checkAll([chain], 15));
  }
});

describe('operators without a rule', () => {
  const ops = Object.keys(operatorCases).filter(
    (op) => !rules.has(op) && !piecewiseConstant.has(op) && !rewritten.has(op),
  );
  for (const op of ops) it(`${op} is refused, and named`, () => refusedByName(op));
});

function refusedByName(op: string): void {
  let refused = 0;
  for (const generator of operatorCases[op]!) {
    for (const drawn of fc.sample(caseOf(generator), { numRuns: 5, seed: 7 })) {
      const graph = withShapes(drawn.graph, drawn.feeds);
      if (drawn.reals.length === 0) continue;
      const refusal = expect.objectContaining({
        code: 'NO_GRADIENT_RULE',
        message: expect.stringMatching(new RegExp(`\\b${op}\\b`)),
      });
      expect(() => vectorJacobianGraph(graph), describeCase(drawn)).toThrow(refusal);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(0);
}
