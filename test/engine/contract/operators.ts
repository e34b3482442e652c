import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caseOf, describeCase, operatorCases } from '../../support/cases/index.ts';
import { mismatch } from '../../support/compare.ts';
import { referenceOperators, runReference } from '../../support/reference/index.ts';
import type { Bench, ContractOptions } from '../contract.ts';

/** float32 against float64: a few hundred roundings at most, relative to the largest element. */
const tolerance = 2e-5;
const runsPerGenerator = 20;

export function operatorAgreement(bench: Bench, { without = {}, withoutTypes = {} }: ContractOptions): void {
  describe('operators agree with the reference', () => {
    it('has cases for every operator of the reference', () => {
      expect(Object.keys(operatorCases).sort()).toEqual(Object.keys(referenceOperators).sort());
    });

    for (const [op, generators] of Object.entries(operatorCases)) {
      it.skipIf(op in without)(`${op}${without[op] ? ` (${without[op]})` : ''}`, async () => {
        for (const generator of generators) {
          const optimizations = fc.constantFrom('disabled' as const, 'all' as const);
          await fc.assert(
            fc.asyncProperty(caseOf(generator), optimizations, async (drawn, optimization) => {
              const expected = runReference(drawn.graph, drawn.feeds, { precision: 'declared' });
              const types = [...Object.values(drawn.feeds), ...Object.values(expected)].map((t) => t.dtype);
              fc.pre(!withoutTypes.float64 || !types.includes('float64'));
              const session = await bench.shared().load(drawn.graph, { optimization });
              const actual = await session.run(drawn.feeds);
              await session.close();
              const problem = mismatch(actual, expected, tolerance);
              expect(problem, describeCase(drawn)).toBeUndefined();
            }),
            { numRuns: runsPerGenerator, seed: 42 },
          );
        }
      });
    }
  });
}
