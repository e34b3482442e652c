/** The two plans that do not cut: everything on the device, and everything in the cloud. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCodec, decodeTensor } from '../../src/broker/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32, encodeModel, modelSha256 } from '../../src/model/index.ts';
import { argMax } from '../../src/numeric/index.ts';
import { named } from '../plan/sample.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { fleet, summaryOf } from './support/fleet.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
let deployment: Deployment;
let whole: { file: string; sha256: string; bytes: number };
beforeAll(async () => {
  deployment = await deploy({ images: 5 });
  const bytes = encodeModel(deployment.whole);
  await writeFile(join(deployment.folder, 'whole.onnx'), bytes);
  whole = { file: 'whole.onnx', sha256: modelSha256(bytes), bytes: bytes.length };
});
afterAll(() => deployment?.remove());

it('a plan that keeps everything on the device needs no broker', async () => {
  const cut = { id: 'output', tensors: [{ name: 'logits', dtype: 'float32', shape: [1, 10] }] };
  await deployment.config('device.json', named({ ...deployment.plan, cut, head: whole, tail: null, evidence: [] }));
  const f = await fleet('aedes', deployment);
  const agent = await f.agent({ plan: 'device.json' });
  expect(await agent.ended).toBe(0);
  expect(summaryOf(agent)).toMatchObject({ cut: 'output', inferences: { answered: 5, failed: 0 } });
  expect(agent.stderr()).toBe('');
});

it.each(['png', 'jpeg', 'webp'] as const)(
  'a plan that sends the picture as %s runs the whole network on what is left of it',
  async (codec) => {
    const cut = { id: 'input', tensors: [{ name: 'input', dtype: 'float32', shape: [1, 1, 28, 28] }] };
    const thresholds = { ...deployment.plan.thresholds, maxSsim: 1 };
    const plan = { ...deployment.plan, codec, cut, head: null, tail: whole, thresholds, evidence: [] };
    await deployment.config('picture.json', named(plan));
    const f = await fleet('aedes', deployment);
    try {
      await f.broker();
      await f.consumer({ plan: 'picture.json' });
      const agent = await f.agent({ plan: 'picture.json' });
      expect(await agent.ended).toBe(0);
      const { results } = summaryOf(agent);
      expect(summaryOf(agent)).toMatchObject({ inferences: { answered: 5, failed: 0 } });
      // What the network makes of the pictures that such a codec leaves.
      const wire = createCodec(codec, deployment.plan.picture!.preprocessing);
      const session = await engine.load(deployment.whole);
      for (const [i, input] of deployment.inputs.entries()) {
        const [logits] = Object.values(
          await session.run({ input: await decodeTensor(await wire.encode('input', input)) }),
        );
        expect(results[i]).toMatchObject({ top1: argMax(asFloat32(logits!)) });
      }
      await session.close();
    } finally {
      await f.end();
    }
  },
);

it.each(['uint4', 'uint8-per-channel', 'topk', 'topk+deflate'] as const)(
  'a split that sends %s is answered',
  async (codec) => {
    await deployment.config('split.json', named({ ...deployment.plan, codec }));
    const f = await fleet('aedes', deployment);
    try {
      await f.broker();
      await f.consumer({ plan: 'split.json' });
      const agent = await f.agent({ plan: 'split.json' });
      expect(await agent.ended).toBe(0);
      expect(summaryOf(agent)).toMatchObject({ codec, inferences: { answered: 5, failed: 0 } });
    } finally {
      await f.end();
    }
  },
);

it('a plan that sends the picture runs the whole network in the cloud', async () => {
  const cut = { id: 'input', tensors: [{ name: 'input', dtype: 'float32', shape: [1, 1, 28, 28] }] };
  const thresholds = { ...deployment.plan.thresholds, maxSsim: 1 };
  const plan = { ...deployment.plan, cut, head: null, tail: whole, thresholds, evidence: [] };
  await deployment.config('cloud.json', named(plan));
  const f = await fleet('aedes', deployment);
  try {
    await f.broker();
    await f.consumer({ plan: 'cloud.json' });
    const [cloud, device] = [await f.agent({ plan: 'cloud.json' }), await f.agent({ plan: 'device.json' })];
    expect([await cloud.ended, await device.ended]).toEqual([0, 0]);
    const best = (r: ReturnType<typeof summaryOf>) => r.results.map((i) => ('top1' in i ? i.top1 : undefined));
    expect(best(summaryOf(cloud))).toEqual(best(summaryOf(device)));
  } finally {
    await f.end();
  }
});
