/** Audits of models that take more than a picture: with what is beside it fixed, and of the picture's tower without. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { type Graph, int64, type Tensors } from '../../../src/model/index.ts';
import { fixInputs } from '../../../src/model/inputs/fix.ts';
import { settle } from '../../../src/model/inputs/settle.ts';
import { type AuditOptions, runAudit, Subject } from '../../../src/privacy/audit/index.ts';
import { spots } from '../../support/pictures.ts';
import { clip, detector, filled, siamese, vad } from '../../support/several-inputs.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1, flushDenormals: true });
afterAll(() => engine.close());

const data = spots({ channels: 3, side: 16, train: 60, test: 30 });
const defaults: AuditOptions = {
  images: 2,
  seed: 1,
  attacks: ['rmle'],
  rmle: { solver: 'lbfgs', iterations: 40 },
  shadow: { epochs: 1, iterations: 2 },
  defenses: ['none'],
  modelSha256: 'a'.repeat(64),
};
const open = (network: Graph, picture?: string) =>
  Subject.open(engine, network, unitPreprocessing(data), { picture, path: 'net.onnx' });

async function audit(network: Graph, change: Partial<AuditOptions> = {}) {
  return (await runAudit([engine], await open(network), data, { ...defaults, ...change })).audit;
}

const text = int64([3, 1, 4, 1, 5, 9], [1, 6]);
function fixed(network: Graph, values: Tensors) {
  const map = new Map(Object.entries(values));
  return settle(fixInputs(network, map), [...map.keys()], engine);
}

describe('the tower of the picture', () => {
  it('is audited without what is beside it; what hangs on more stays unaudited, with advice', async () => {
    const { results, unaudited } = await audit(clip({ batch: 'pictures', textBatch: 'texts' }), {
      rmle: { solver: 'lbfgs', iterations: 3, lambdaTv: 0 },
    });
    const cuts = results.map((r) => r.cut);
    expect(cuts).toEqual(expect.arrayContaining(['text+conv1', 'text+relu1', 'text+image']));
    // The picture as it is needs no attack.
    expect(cuts.filter((id) => id.includes('input'))).toEqual([]);
    expect(unaudited).toMatchObject([{ cut: 'alike', code: 'AUDIT_BESIDE' }]);
    expect(unaudited[0]!.message).toContain('cutline audit net.onnx --data PICTURES --input text=1');
    for (const { accuracy, omitted } of results) {
      expect(accuracy).toBeNull();
      expect(omitted).toMatchObject([{ metric: 'labelAgreement', reason: 'the model gives no answer without text' }]);
    }
  });

  it('leaks what it leaks in the model with the rest fixed', async () => {
    const network = clip({ batch: 'n', textBatch: 'm' });
    for (const cut of ['conv1', 'relu1']) {
      const [tower] = (await audit(network, { cuts: [cut] })).results;
      const [whole] = (await audit(await fixed(network, { text }), { cuts: [cut] })).results;
      expect([tower!.cut, whole!.cut]).toEqual([`text+${cut}`, cut]);
      // The name of the cut seeds the attack.
      expect(Math.abs(tower!.ssim.mean - whole!.ssim.mean)).toBeLessThan(0.03);
      expect(tower!.gain.ssim.mean).toBeGreaterThan(0.1);
    }
  });

  it('is found by every name of the cut, and by what it sends of the picture', async () => {
    const subject = await open(detector({ batch: 'n' }));
    const id = 'im_shape+scale_factor+conv1';
    for (const name of [id, 'conv1+scale_factor+im_shape', 'conv1']) {
      expect(subject.cut(name)).toMatchObject({ id, tensors: [{ name: 'conv1' }] });
    }
    expect(() => subject.cut('conv9')).toThrow(/no cut conv9/);
    expect(() => subject.cut('output')).toThrow(/output hangs on im_shape, scale_factor beside the picture/);
  });

  it('gives no answer, so that no shadow learns from it', async () => {
    const network = clip({ batch: 'n', textBatch: 'm' });
    await expect(audit(network, { attacks: ['shadow'], cuts: ['conv2'] })).rejects.toMatchObject({
      code: 'SHADOW_UNFIT',
    });
    const { skipped } = await audit(network, { attacks: ['shadow', 'rmle'], cuts: ['conv2'] });
    expect(skipped).toMatchObject([{ attack: 'shadow', message: expect.stringContaining('no answer without text') }]);
  });

  it('is the whole model where the others do not matter', async () => {
    const plain = detector({ batch: 'n' });
    const scoresOnly = { ...plain, outputs: plain.outputs.filter((v) => v.name === 'scores') };
    const subject = await open(scoresOnly);
    expect(subject.absent).toEqual([]);
    expect(subject.cuts.map((c) => c.id)).toContain('flat');
    expect((await audit(scoresOnly, { cuts: ['flat'] })).results[0]!.accuracy).not.toBeNull();
  });

  it('may be no more than the picture itself', async () => {
    const graph = siamese();
    const nodes = graph.nodes
      .filter((n) => n.name === 'output')
      .map((n) => ({ ...n, inputs: graph.inputs.map((v) => v.name) }));
    const subject = await open({ ...graph, nodes }, 'input');
    expect(subject.ids.filter((id) => id !== 'output')).toEqual([]);
    await expect(runAudit([engine], subject, data, { ...defaults, cuts: ['output'] })).rejects.toMatchObject({
      code: 'AUDIT_BESIDE',
    });
  });
});

describe('a model with what is beside the picture fixed', () => {
  const sizes = { im_shape: filled([1, 2], 640), scale_factor: filled([1, 2], 0.5) };
  it.each([
    ['of independent batches', clip({ batch: 'n', textBatch: 'm' }), { text }],
    ['of one batch', clip({ batch: 'n' }), { text }],
    ['of a batch that is written in the file', clip(), { text }],
    ['with a size and a factor', detector({ batch: 'n' }), sizes],
    ['with both in the file', detector(), sizes],
  ])('is attacked like any other: %s', async (_, network, values) => {
    const { results } = await audit(await fixed(network, values), { cuts: ['conv1'] });
    expect(results).toHaveLength(1);
    expect(results[0]!.gain.ssim.mean).toBeGreaterThan(0.1);
  });

  it('is not scored by likenesses across the batch as if they were classes', async () => {
    const { results } = await audit(await fixed(clip({ batch: 'n' }), { text }), { cuts: ['conv1'] });
    expect(results[0]!.accuracy).toBeNull();
    const reason = 'the rows of the first output grow with the batch';
    expect(results[0]!.omitted).toContainEqual({ metric: 'labelAgreement', reason });
  });
});

describe('what an audit cannot begin with', () => {
  it('is a model without a picture, or with two of which nobody says which it is', async () => {
    await expect(open(vad())).rejects.toMatchObject({ code: 'AUDIT_INPUT' });
    await expect(open(siamese())).rejects.toMatchObject({ code: 'AUDIT_PICTURE' });
    await expect(open(siamese())).rejects.toThrow('cutline audit net.onnx --data PICTURES --input other=other.npy');
    expect((await open(siamese(), 'other')).input).toBe('other');
    await expect(open(clip(), 'text')).rejects.toMatchObject({ code: 'AUDIT_INPUT' });
  });

  it('is a picture on which nothing hangs', async () => {
    const graph = clip();
    const deaf = graph.nodes.map((n) => (n.name === 'alike' ? { ...n, inputs: ['mean', 'turned'] } : n));
    await expect(open({ ...graph, nodes: deaf })).rejects.toThrow(/which no output hangs on/);
  });
});
