/** What can be known of activations whose pictures nobody has told, and how far others are from it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expressions } from '../../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { asFloat32, float32, GraphBuilder, type Tensor } from '../../../src/model/index.ts';
import {
  type ClassMeans,
  classMeansOfRows,
  classMisalignment,
  classUnlikeness,
} from '../../../src/privacy/attacks/shadow/class-means.ts';
import { elementsOf, elementsOfTraffic, unlikeness } from '../../../src/privacy/attacks/shadow/elements.ts';
import { queryFree } from '../../../src/privacy/audit/knowledge.ts';
import { createRandom } from '../../../src/random.ts';
import { runGraph } from '../../model/support.ts';
import { chain, randomTensor } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { scene } from './scene.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const random = createRandom(1);

describe('elements of rows', () => {
  it('have mean and variance', () => {
    const { mean, variance, shape } = elementsOf(float32([1, 2, 3, 6], [2, 2]));
    expect([[...mean], [...variance], shape]).toEqual([[2, 4], [1, 4], [2]]);
  });

  it('are unlike by what their means and deviations differ, as a share of the variance', () => {
    const rows = randomTensor([50, 3, 4], random);
    const own = elementsOf(rows);
    expect(unlikeness(own, own)).toBe(0);
    const moved = elementsOf({ ...rows, data: asFloat32(rows).map((v) => v + 2) });
    const spread = own.variance.reduce((a, b) => a + b, 0);
    expect(unlikeness(moved, own)).toBeCloseTo((4 * 12) / spread, 4);
    const doubled = elementsOf({ ...rows, data: asFloat32(rows).map((v) => 2 * v) });
    const about = own.mean.reduce((sum, m) => sum + m * m, 0);
    expect(unlikeness(doubled, own)).toBeCloseTo((about + spread) / spread, 4);
  });

  it('of traffic are those of all its rows, whoever the victims are', async () => {
    const victims = Array.from({ length: 60 }, (_, i) => 59 - i);
    const { ground } = await scene({
      engine,
      graph: chain({ batch: 'n' }),
      cut: 'pool1',
      data: spots({ test: 60 }),
      victims,
    });
    const { traffic } = queryFree(ground);
    expect(traffic.count).toBe(60);
    const whole = elementsOf((await traffic.rows(0, 60)).pool1!);
    const apart = (await elementsOfTraffic(traffic)).get('pool1')!;
    for (const [i, m] of whole.mean.entries()) expect(apart.mean[i]).toBeCloseTo(m, 9);
    // In the order of the split, which says nothing of who is attacked.
    const [first] = [(await traffic.rows(0, 1)).pool1!];
    const size = first.data.length;
    expect(asFloat32(first)).toEqual(asFloat32(ground.observed.pool1).slice(59 * size));
  });
});

describe('means of classes', () => {
  const rows = randomTensor([40, 2, 3], random.fork('rows'));
  const labels = Int32Array.from({ length: 40 }, (_, i) => i % 3);
  const of = (t: Tensor): ClassMeans => classMeansOfRows({ t }, labels, 4).get('t')!;

  it('are told of the classes that were seen', () => {
    const { means, seen } = of(rows);
    expect([...seen]).toEqual([1, 1, 1, 0]);
    const firsts = asFloat32(rows).filter((_, i) => i % 6 === 0);
    const own = firsts.filter((_, i) => i % 3 === 1);
    expect(means[6]).toBeCloseTo(own.reduce((a, b) => a + b, 0) / own.length, 5);
  });

  it('are unlike where a class is, even if the mean of all is not', () => {
    const shifted = asFloat32(rows).map((v, i) => v + [1, -1, 0][labels[Math.floor(i / 6)]!]!);
    const elements = elementsOf(rows);
    expect(classUnlikeness(of(rows), of(rows), elements)).toBe(0);
    const spread = elements.variance.reduce((a, b) => a + b, 0);
    expect(classUnlikeness(of({ ...rows, data: shifted }), of(rows), elements)).toBeCloseTo((2 * 6) / 3 / spread, 4);
  });

  it('are told of a batch without bias: on average it is what all together are', async () => {
    const batch = 8;
    const aim: ClassMeans = { means: new Float32Array(4 * 6), seen: Float32Array.of(1, 1, 1, 0) };
    const b = new GraphBuilder(17);
    const g = new Expressions(b);
    b.input('t', 'float32', [batch, 2, 3]);
    b.input('labels', 'float32', [batch, 4]);
    const precision = float32(new Float32Array(2).fill(1), [1, 2, 1]);
    b.op('Identity', [classMisalignment(g, 't', [batch, 2, 3], 'labels', aim, precision)], {}, 'apart');
    b.output('apart', 'float32', []);
    const graph = b.build();
    // Rows of class c are c + noise, so that the squared distance from zero is c², and zero for class 0.
    let sum = 0;
    const draws = 400;
    for (let k = 0; k < draws; k++) {
      const own = random.fork(k);
      const classes = Int32Array.from({ length: batch }, () => own.int(3));
      const t = float32(
        Float32Array.from({ length: batch * 6 }, (_, i) => classes[Math.floor(i / 6)]! + own.normal()),
        [batch, 2, 3],
      );
      const labels = new Float32Array(batch * 4);
      for (const [i, c] of classes.entries()) labels[i * 4 + c] = 1;
      const { apart } = await runGraph(engine, graph, { t, labels: float32(labels, [batch, 4]) });
      sum += asFloat32(apart)[0]! / draws;
    }
    // A class of which a batch has one row is left out there, some five in a hundred rows.
    expect(sum).toBeGreaterThan(0.85 * (5 / 3));
    expect(sum).toBeLessThan(1.05 * (5 / 3));
  });
});
