/** The recursion on inner products is the one of the textbook (Nocedal and Wright 2006, algorithm 7.4). */
import { expect, it } from 'vitest';
import { History } from '../../../src/privacy/attacks/solvers/history.ts';
import { createRandom } from '../../../src/random.ts';

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);

function textbook(pairs: readonly { s: Float32Array; y: Float32Array }[], gradient: Float32Array): Float64Array {
  const q = Float64Array.from(gradient);
  const alphas: number[] = [];
  for (const [k, { s, y }] of [...pairs.entries()].reverse()) {
    alphas[k] = dot(s, q) / dot(s, y);
    for (let i = 0; i < q.length; i++) q[i]! -= alphas[k]! * y[i]!;
  }
  const last = pairs.at(-1);
  const gamma = last ? dot(last.s, last.y) / dot(last.y, last.y) : 1;
  for (let i = 0; i < q.length; i++) q[i]! *= gamma;
  for (const [k, { s, y }] of pairs.entries()) {
    const beta = dot(y, q) / dot(s, y);
    for (let i = 0; i < q.length; i++) q[i]! += (alphas[k]! - beta) * s[i]!;
  }
  return q.map((v) => -v);
}

it.each([1, 3, 5, 24])('with %i pairs kept', (limit) => {
  const size = 30;
  const random = createRandom(limit);
  const scales = Array.from({ length: size }, (_, i) => 1 + i / 3);
  const gradientAt = (x: Float32Array) => x.map((v, i) => scales[i]! * v);
  let x = Float32Array.from({ length: size }, () => random.normal());
  let gradient = gradientAt(x);
  const history = new History(size, limit);
  history.begin(gradient);
  const pairs: { s: Float32Array; y: Float32Array }[] = [];
  const direction = new Float32Array(size);
  for (let step = 0; step < 30; step++) {
    const to = x.map((v) => v + 0.1 * random.normal());
    // Every seventh step goes nowhere: such a pair says nothing of curvature.
    if (step % 7 === 6) to.set(x);
    const next = gradientAt(to);
    history.push(x, to, next);
    const pair = { s: to.map((v, i) => v - x[i]!), y: next.map((v, i) => v - gradient[i]!) };
    if (pairs.length === limit) pairs.shift();
    if (dot(pair.s, pair.y) > 0) pairs.push(pair);
    [x, gradient] = [to, next];
    history.direction(direction);
    const wanted = textbook(pairs, gradient);
    const size2 = Math.sqrt(dot(wanted, wanted));
    for (let i = 0; i < size; i++) expect(Math.abs(direction[i]! - wanted[i]!)).toBeLessThan(1e-5 * size2);
  }
});
