/** Heads that round are attacked like any other: what they send is as open as it would be if the same rounding were a stage. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset, readCard, victims as victimsOf } from '../../../src/data/index.ts';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { type Graph, GraphBuilder, loadModel } from '../../../src/model/index.ts';
import {
  type Attack,
  deepPrior,
  hybrid,
  inverseNetwork,
  latent,
  rmle,
  shadow,
} from '../../../src/privacy/attacks/index.ts';
import { codedNetwork, type Spelling, signs, spellings } from '../../support/coded.ts';
import { spots } from '../../support/pictures.ts';
import { skip } from '../../support/shared.ts';
import { aboveBlind, scene } from './scene.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1, flushDenormals: true });
});
afterAll(() => engine.close());

const data = spots({ train: 300, test: 40 });
const victims = [0, 1, 2, 3];
const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const coded = (options: Parameters<typeof codedNetwork>[0]) => codedNetwork({ size: 28, batch: 'n', ...options });
/** SSIM, mean of the victims: levels differ between a code and a stage, and trials err. */
const slip = 0.05;

/** Scores at the code, and what nobody needs to look for. */
async function attacked(graph: Graph, cut: string, defense: string, attack: Attack) {
  const s = await scene({ engine, graph, cut, data, victims, defense });
  const found = await s.run(attack);
  return { ssim: s.ssimOf(found.pictures), psnr: s.psnrOf(found.pictures), blind: await s.blind(), found };
}

describe('a code is read by rMLE as what was rounded by a stage of as many levels', () => {
  const bitsOf = (name: string) => (name in signs ? 1 : 2);
  const all = { ...spellings, ...signs };

  it.each(Object.keys(all) as (Spelling | keyof typeof signs)[])(
    'written with %s',
    { timeout: 120_000 },
    async (name) => {
      const bits = bitsOf(name);
      const graph = coded({ bits, write: all[name] });
      const attack = (cut: string) => rmle({ solver: 'lbfgs', cut, iterations: 60 });
      const code = await attacked(graph, 'code', 'none', attack('code'));
      const stage = await attacked(graph, 'bounded', `quant(bits=${bits})`, attack('bounded'));
      aboveBlind(code.psnr, code.blind, 4);
      expect(mean(code.ssim)).toBeGreaterThan(mean(stage.ssim) - slip);
      expect(code.found.missed).toBeUndefined();
    },
  );

  it('at a lower rate too, and there it sees less', { timeout: 120_000 }, async () => {
    const graph = coded({ bits: 2 });
    const attack = rmle({ solver: 'lbfgs', cut: 'code', iterations: 60 });
    const [whole, one] = [
      await attacked(graph, 'code', 'none', attack),
      await attacked(graph, 'code', 'prefix(channels=1)', attack),
    ];
    aboveBlind(one.psnr, one.blind, 1);
    expect(mean(one.ssim)).toBeLessThan(mean(whole.ssim));
  });
});

describe('a code is read by every attack that descends', () => {
  const inverse = {
    decoder: 'residual',
    loss: 'mse+ssim',
    data: 'same-set',
    queries: 200,
    cut: 'code',
    epochs: 6,
  } as const;
  const attacks: readonly (readonly [Attack, number])[] = [
    [rmle({ solver: 'adam', cut: 'code', iterations: 1000, lambdaTv: 0.02, learningRate: 0.03 }), 5],
    [hybrid(inverseNetwork(inverse), { solver: 'lbfgs', cut: 'code', iterations: 60 }), 4],
    [deepPrior({ iterations: 300 }), 5],
    [latent({ data: 'same-set', iterations: 60, candidates: 64, training: { pictures: 200, epochs: 20 } }), 1],
  ];
  it.each(attacks.map(([attack, gap]) => [attack.name, attack, gap] as const))(
    '%s',
    { timeout: 180_000 },
    async (_, attack, gap) => {
      const { psnr, blind } = await attacked(coded({ bits: 4 }), 'code', 'none', attack);
      expect(mean(psnr)).toBeGreaterThan(mean(blind) + gap);
    },
  );

  it('a shadow learns a head that is built as the code’s', { timeout: 180_000 }, async () => {
    const graph = coded({ bits: 2 });
    const options = { data: 'same-set', structure: 'known', cut: 'code', epochs: 3, iterations: 5 } as const;
    const attack = shadow({ ...options, alignment: 'moments', inversion: 'rmle', shadows: 1, pictures: 100 });
    const { found } = await attacked(graph, 'code', 'none', attack);
    expect(found.pictures.shape[0]).toBe(victims.length);
  });
});

/** LeNet's first convolution, rounded to levels between fixed ends, under the name `code`. */
function roundedAt(graph: Graph, cut: string, levels: number, end: number): Graph {
  const b = GraphBuilder.from({ ...graph, nodes: [], values: new Map() });
  for (const node of graph.nodes) for (const y of node.outputs) b.reserve(y);
  const step = (2 * end) / (levels - 1);
  for (const node of graph.nodes) {
    b.node({ ...node, inputs: node.inputs.map((x) => (x === cut ? 'code' : x)) });
    if (node.outputs[0] !== cut) continue;
    const level = b.op('Round', [b.op('Div', [b.op('Add', [cut, b.constant(end)]), b.constant(step)])]);
    b.op('Sub', [b.op('Mul', [level, b.constant(step)]), b.constant(end)], {}, 'code');
  }
  return { ...b.build(graph.name), outputs: graph.outputs };
}

describe('LeNet with sixteen levels behind its first convolution', () => {
  it('is as open as with quant(bits=4)', { timeout: 180_000 }, async (ctx) => {
    if (!existsSync('/usr/share/datasets/fashion-mnist')) skip(ctx, 'Fashion-MNIST is not here');
    const path = resolve(import.meta.dirname, '../../../models/lenet-fashion-mnist.onnx');
    const graph = await loadModel(path);
    const clothes = await openDataset('fashion-mnist');
    const { preprocessing } = await readCard(path);
    const common = { engine, data: clothes, preprocessing, victims: victimsOf(clothes.test, 6) };
    const scores = async (model: Graph, cut: string, defense: string) => {
      const s = await scene({ ...common, graph: model, cut, defense });
      const found = await s.run(rmle({ solver: 'lbfgs', cut, iterations: 100 }));
      return { ssim: mean(s.ssimOf(found.pictures)), psnr: s.psnrOf(found.pictures), blind: await s.blind() };
    };
    // Of 200 pictures no value of conv1 was beyond.
    const rounded = await scores(roundedAt(graph, 'conv1', 16, 4.2), 'code', 'none');
    const stage = await scores(graph, 'conv1', 'quant(bits=4)');
    aboveBlind(rounded.psnr, rounded.blind, 6);
    expect(rounded.ssim).toBeGreaterThan(0.9);
    expect(rounded.ssim).toBeGreaterThan(stage.ssim - 0.03);
  });
});
