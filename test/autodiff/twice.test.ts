/** Gradient graphs are plain graphs: differentiated again they give Jacobian–vector and Hessian–vector products. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewritten, rules, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { caseOf, describeCase, operatorCases } from '../support/cases/index.ts';
import { runReference } from '../support/reference/index.ts';
import { byInput, compareWithDifferences, cotangentsOf, noise, vjpFeeds, withShapes } from './check.ts';
import { refusals } from './refusals.ts';

/** Rounded on purpose. See quantize.test.ts. */
const straightThrough = new Set(['QuantizeLinear', 'DynamicQuantizeLinear']);

describe('gradients of gradients agree with central differences', () => {
  for (const op of [...rules.keys(), ...rewritten].filter((name) => !straightThrough.has(name)).sort()) {
    it(op, () => {
      let compared = 0;
      for (const generator of operatorCases[op] ?? []) {
        for (const drawn of fc.sample(caseOf(generator), { numRuns: 6, seed: 12 })) {
          const graph = withShapes(drawn.graph, drawn.feeds);
          const empty = drawn.reals.some((name) => drawn.feeds[name]!.data.length === 0);
          if (drawn.reals.length === 0 || empty || graph.outputs.length === 0 || refusals(drawn)) continue;
          const random = noise(51);
          const feeds = vjpFeeds(drawn.feeds, cotangentsOf(graph, random));
          const once = withShapes(vectorJacobianGraph(graph), feeds);
          const cotangents = cotangentsOf(once, random);
          const twice = vectorJacobianGraph(once);
          const results = byInput(runReference(twice, vjpFeeds(feeds, cotangents)));
          const result = compareWithDifferences(once, feeds, cotangents, results, random, { tolerance: 1e-5 });
          expect(result.wrong, describeCase(drawn)).toEqual([]);
          compared += result.compared;
        }
      }
      expect(compared).toBeGreaterThan(0);
    });
  }
});
