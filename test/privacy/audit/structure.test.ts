/** What an attacker knows who knows how a head is built, and nothing of what it learnt. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import {
  asFloat32,
  findCuts,
  float32,
  type Graph,
  GraphBuilder,
  inferShapes,
  resolveCut,
  scalar,
  split,
  type Tensor,
} from '../../../src/model/index.ts';
import { structureOf } from '../../../src/privacy/audit/structure.ts';
import { createRandom } from '../../../src/random.ts';
import { networks, randomTensor } from '../../support/networks.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const random = createRandom(7);

async function headOf(graph: Graph, pick: (ids: readonly string[]) => string): Promise<Graph> {
  const whole = await inferShapes(graph, engine);
  const cuts = findCuts(whole);
  return split(whole, resolveCut(cuts, pick(cuts.map((c) => c.id)))).head;
}

/** Weights as initializers or as nodes, longer than one number. */
function weights(graph: Graph): Map<string, Tensor> {
  const nodes = graph.nodes.flatMap((n) => {
    const value = n.attributes.value;
    return value?.type === 'tensor' ? [[n.outputs[0]!, value.value] as const] : [];
  });
  return new Map([...graph.initializers, ...nodes].filter(([, t]) => t.dtype === 'float32' && t.data.length > 1));
}

describe('the structure of a head', () => {
  it.each([
    'chain',
    'residual',
    'depthwise',
    'dense',
    'squeezeExcite',
    'transformer',
    'kerasStyle',
    'paddleStyle',
  ] as const)('of a %s network holds no number that the head learnt', async (name) => {
    const head = await headOf(networks[name].build({ batch: 2 }), (ids) => ids.at(-2)!);
    const structure = structureOf(head, 'cut', random);
    const fresh = weights(structure);
    const real = weights(head);
    expect(fresh.size).toBeGreaterThan(0);
    expect([...fresh.keys()].sort()).toEqual([...real.keys()].sort());
    for (const [key, tensor] of fresh) {
      const own = asFloat32(real.get(key));
      const shared = [...asFloat32(tensor)].filter((v, i) => v === own[i]);
      expect([key, shared]).toEqual([key, []]);
      expect(tensor.shape).toEqual(real.get(key)!.shape);
    }
  });

  it('starts layers as a fresh network would', async () => {
    const head = await headOf(networks.residual.build({ batch: 2 }), (ids) => ids.at(-2)!);
    const { initializers } = structureOf(head, 'cut', random);
    const kernel = asFloat32(initializers.get('conv0.weight'));
    const limit = 1 / Math.sqrt(27);
    expect(Math.max(...kernel)).toBeGreaterThan(0.9 * limit);
    expect(kernel.every((v) => Math.abs(v) <= limit)).toBe(true);
    const all = (name: string) => [...new Set(asFloat32(initializers.get(name)))];
    expect(['conv0.bias', 'bn0.scale', 'bn0.bias', 'bn0.mean', 'bn0.var'].map(all)).toEqual([[0], [1], [0], [0], [1]]);
  });

  it('keeps the constants of a formula, and tables and slopes get values of their own', () => {
    const b = new GraphBuilder(17);
    const x = b.input('x', 'float32', [2, 4]);
    const half = b.op('Mul', [x, b.initializer(scalar(0.5), 'half')]);
    const placed = b.op('Add', [half, b.initializer(randomTensor([2, 4], random), 'positions')]);
    b.output(
      b.op('PRelu', [placed, b.initializer(float32([0.1, 0.2, 0.3, 0.4], [4]), 'slope')], {}, 'y'),
      'float32',
      [2, 4],
    );
    const { initializers } = structureOf(b.build(), 'y', random);
    expect(asFloat32(initializers.get('half'))).toEqual(Float32Array.of(0.5));
    expect(new Set(asFloat32(initializers.get('slope')))).toEqual(new Set([0.25]));
    expect(Math.max(...asFloat32(initializers.get('positions')).map(Math.abs))).toBeLessThan(0.1);
  });

  it('is the same weights whatever the batch', async () => {
    const at = async (batch: number) =>
      structureOf(await headOf(networks.transformer.build({ batch }), (ids) => ids.at(-2)!), 'cut', random);
    const [one, three] = [weights(await at(1)), weights(await at(3))];
    for (const [name, t] of one) expect([name, asFloat32(three.get(name))]).toEqual([name, asFloat32(t)]);
  });

  it('is refused where weights cannot be trained or told apart', () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [1, 4]);
    const q = b.initializer({ dtype: 'int8', shape: [4, 2], data: Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, 'quantised');
    const w = b.op('DequantizeLinear', [q, b.initializer(scalar(0.1))]);
    b.output(b.op('MatMul', ['x', w], {}, 'y'), 'float32', [1, 2]);
    expect(() => structureOf(b.build(), 'y', random)).toThrow(expect.objectContaining({ code: 'SHADOW_UNFIT' }));
  });
});
