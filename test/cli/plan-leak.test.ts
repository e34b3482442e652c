/** From attack to plan on a network that truly leaks: what is measured decides, and holds for people whom nobody looked at. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parsePlan } from '../../src/plan/index.ts';
import { leastProtocol } from '../support/evidence.ts';
import { cutline, documentOf, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop({ train: 120, test: 260 });
  const attacks = {
    ...leastProtocol.attacks,
    'answer-only': [{ name: 'answer', queries: 100 }],
    'white-box': [{ name: 'rmle', iterations: 40 }],
  };
  await writeFile(
    shop.path('mine.yaml'),
    JSON.stringify({ ...leastProtocol, name: 'mine', observations: [1, 4], attacks }),
  );
});
afterAll(() => shop?.remove());

interface Found {
  readonly chosen: { readonly cut: string; readonly defense: string; readonly standing: string };
  readonly candidates: readonly {
    readonly cut: string;
    readonly defense: string;
    readonly reasons: readonly string[];
  }[];
}

it('lets through what leaks little, refuses what leaks, and tells the truth of strangers', async () => {
  // A guess that saw nothing scores .69 here: the pictures are much alike.
  const maxSsim = 0.8;
  const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-ethernet'];
  const asked = [
    '--max-ssim',
    String(maxSsim),
    '--require-split',
    '--max-floats',
    '150',
    '--codec',
    'float32',
    '--threads',
    '1',
  ];
  const noise = ['--defense', 'gauss(sd=0.2x)', '--defense', 'gauss(sd=10x)'];
  const to = ['--data', shop.data, '--protocol', shop.path('mine.yaml'), '--out', shop.path('plan')];
  const document = (await documentOf('plan', shop.model, ...machines, ...asked, ...noise, ...to)) as unknown as Found;
  expect(document.chosen).toMatchObject({ standing: 'safe' });
  expect(document.chosen.defense).toMatch(/^gauss/);
  // Bare cuts give the picture away, and the reason says how far.
  const bare = document.candidates.find((c) => c.cut === document.chosen.cut && c.defense === 'none')!;
  expect(bare.reasons.join(' ')).toMatch(/recovers the picture up to SSIM/);

  const path = shop.path('plan/plan.json');
  const plan = parsePlan(JSON.parse(await readFile(path, 'utf8')), path);
  expect(plan.evidence.map((e) => e.observer.observations)).toEqual([1, 4]);
  for (const { ssim, confirmation } of plan.evidence) {
    expect(ssim.high).toBeLessThanOrEqual(maxSsim);
    expect(confirmation!.images).toBe(50);
  }
  const verify = ['plan', 'verify', path, '--protocol', shop.path('mine.yaml'), '--model', shop.model];
  expect((await cutline(...verify)).code).toBe(0);

  // Everybody, those whom neither search nor confirmation saw among them.
  const at = ['--at', plan.cut.id, '--defense', plan.defense, '--attack', 'rmle', '--iterations', '40'];
  const audit = await documentOf(
    'audit',
    shop.model,
    '--data',
    shop.data,
    ...at,
    '--images',
    '260',
    '--gallery',
    '260',
  );
  const [all] = audit.results as { ssim: { mean: number } }[];
  expect(all!.ssim.mean).toBeLessThanOrEqual(plan.evidence[0]!.ssim.high);
}, 300_000);
