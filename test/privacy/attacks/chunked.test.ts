/** A problem solved a part at a time: every victim once, whatever is done first, and nothing goes on after a failure. */
import { beforeEach, describe, expect, it } from 'vitest';
import { bindBatch, float32 } from '../../../src/model/index.ts';
import { solveInChunks } from '../../../src/privacy/attacks/solvers/chunked.ts';
import type { Problem, Solver } from '../../../src/privacy/attacks/solvers/solver.ts';
import { chain } from '../../support/networks.ts';

let underWay = 0;
let mostUnderWay = 0;
let begun: number[] = [];
beforeEach(() => {
  [underWay, mostUnderWay, begun] = [0, 0, []];
});

const pixels = 28 * 28;

/** Answers each picture with its start, after as many milliseconds as `delay` says of the first row. */
const echo = (delay: (first: number) => number, failing?: number): Solver => ({
  name: 'lbfgs',
  partsAtOnce: () => 2,
  async solve({ start, signal }) {
    const first = (start.data as Float32Array)[0]!;
    begun.push(first);
    mostUnderWay = Math.max(mostUnderWay, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, delay(first)));
    underWay--;
    if (first === failing) throw new Error('a part failed');
    if (signal?.aborted) throw new Error('stopped');
    const n = start.shape[0]!;
    // What a part says of a row tells which part it was.
    return {
      pictures: start,
      values: new Float32Array(n).fill(first),
      steps: new Int32Array(n).fill(first),
      stops: Array.from({ length: n }, () => (first === 0 ? 'limit' : 'minimum')),
    };
  },
});

async function solve(solver: Solver, count: number, batch: number) {
  const starts = new Float32Array(count * pixels);
  for (let i = 0; i < count; i++) starts.fill(i, i * pixels, (i + 1) * pixels);
  const problem = {
    observed: {},
    start: float32(starts, [count, 1, 28, 28]),
    lambdaTv: new Float32Array(count),
    lambdaL2: new Float32Array(count),
    iterations: 1,
  } as unknown as Omit<Problem, 'head'>;
  return solveInChunks(solver, problem, async (n) => bindBatch(chain({ batch: 'n' }), n), batch);
}

describe('parts', () => {
  it.each([
    ['the first is slow', (first: number) => (first === 0 ? 20 : 1)],
    ['the last is slow', (first: number) => (first === 0 ? 1 : 20)],
  ])('say the same when %s', async (_, delay) => {
    const { pictures, values, steps, stops } = await solve(echo(delay), 5, 6);
    expect(Array.from({ length: 5 }, (_, i) => pictures.data[i * pixels])).toEqual([0, 1, 2, 3, 4]);
    // Rows 0 to 2 are the first part's; the second goes back over row 2, which is not its own.
    expect([...values]).toEqual([0, 0, 0, 2, 2]);
    expect([...steps]).toEqual([0, 0, 0, 2, 2]);
    expect(stops).toEqual(['limit', 'limit', 'limit', 'minimum', 'minimum']);
    expect(mostUnderWay).toBe(2);
  });

  it('are one at a time where memory holds one picture', async () => {
    await solve(
      echo(() => 1),
      3,
      1,
    );
    expect(mostUnderWay).toBe(1);
  });

  it('end when one of them fails', async () => {
    await expect(
      solve(
        echo((first) => (first === 0 ? 1 : 10), 0),
        20,
        4,
      ),
    ).rejects.toThrow('a part failed');
    expect(underWay).toBe(0);
    expect(begun.length).toBeLessThan(4);
  });
});
