/** What careless people type. Each mistake: exit 2, one sentence, no stack, and with --json one document. */

import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cutline, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
let before: string[];
beforeAll(async () => {
  shop = await workshop();
  before = await readdir(shop.dir);
});
afterAll(() => shop?.remove());

const mistakes: [what: string, args: (s: Workshop) => string[], says: RegExp][] = [
  ['no victims', (s) => ['audit', s.model, '--data', s.data, '--images', '-1'], /--images/],
  ['words for numbers', (s) => ['audit', s.model, '--data', s.data, '--images', 'abc'], /images wants a number/],
  ['too many victims', (s) => ['audit', s.model, '--data', s.data, '--images', '21'], /21 pictures are needed.*has 20/],
  [
    'one victim, who makes no interval',
    (s) => ['audit', s.model, '--data', s.data, '--images', '1'],
    /too few for a 95 % interval/,
  ],
  [
    'a gallery larger than the test split',
    (s) => ['audit', s.model, '--data', s.data, '--images', '3', '--gallery', '21'],
    /gallery of 21 .*has 20/,
  ],
  [
    'a number without value',
    (s) => ['audit', s.model, '--data', s.data, '--images'],
    /Not enough arguments following: images/,
  ],
  ['a cut without value', (s) => ['audit', s.model, '--at', '--data', s.data], /Not enough arguments following: at/],
  ['data without value', (s) => ['audit', s.model, '--data'], /Not enough arguments following: data/],
  ['data that is nowhere', (s) => ['audit', s.model, '--data', s.path('nowhere')], /no such folder/],
  ['no data', (s) => ['audit', s.model], /data/],
  [
    'an unknown cut',
    (s) => ['audit', s.model, '--data', s.data, '--images', '3', '--at', 'conv3'],
    /Near ones: conv1, conv2/,
  ],
  [
    'an unknown defense',
    (s) => ['audit', s.model, '--data', s.data, '--images', '3', '--defense', 'fog'],
    /Defense fog: .*expected one of clip, gauss/,
  ],
  ['an unknown solver', (s) => ['audit', s.model, '--data', s.data, '--solver', 'sgd'], /sgd/],
  ['λ that is no number', (s) => ['audit', s.model, '--data', s.data, '--lambda-tv', 'x'], /--lambda-tv/],
  ['λ without end', (s) => ['audit', s.model, '--data', s.data, '--lambda-tv', 'Infinity'], /--lambda-tv/],
  ['a blank λ', (s) => ['audit', s.model, '--data', s.data, '--lambda-tv', ' '], /--lambda-tv/],
  ['a rate for a solver that has none', (s) => ['audit', s.model, '--data', s.data, '--learning-rate', '1'], /adam/],
  ['a seed that is none', (s) => ['audit', s.model, '--data', s.data, '--seed', '1e30'], /--seed/],
  ['an option twice', (s) => ['audit', s.model, '--data', s.data, '--data', s.data], /data is given 2 times/],
  ['no card and no flags', (s) => ['audit', s.bare, '--data', s.data], /no model card and no --size/],
  ['a card of another size', (s) => ['audit', s.model, '--data', s.data, '--size', '1x32x32'], /1,1,32,32/],
  ['more means than channels', (s) => ['audit', s.model, '--data', s.data, '--mean', '0,0,0'], /one value a channel/],
  ['a truncated model', (s) => ['audit', s.truncated, '--data', s.data], /not a usable ONNX model/],
  ['an unknown option', (s) => ['audit', s.model, '--data', s.data, '--imagse', '3'], /imagse/],
  ['one model too many', (s) => ['inspect', s.model, s.model], /Unknown argument/],
  ['no model', () => ['inspect'], /Not enough/],
  ['an empty model', () => ['inspect', ''], /model has no value/],
  ['a folder for a model', (s) => ['inspect', s.dir], /cannot read|not a regular file/],
  ['a wrong shape', (s) => ['inspect', s.model, '--shape', 'x'], /--shape x/],
  ['a shape of an input there is not', (s) => ['inspect', s.model, '--shape', 'pixels=1,1,28,28'], /no input pixels/],
  [
    'two cuts for a gradient',
    (s) => ['gradient', s.model, '--at', 'conv1', '--at', 'conv2', '--out', s.path('g')],
    /at is given 2 times/,
  ],
  [
    'a gradient to nowhere',
    (s) => ['gradient', s.model, '--at', 'conv1', '--out'],
    /Not enough arguments following: out/,
  ],
  ['a network that is not known', () => ['train', 'vgg'], /vgg/],
  [
    'a batch larger than the data',
    (s) => ['train', 'lenet', '--data', s.data, '--batch', '91', '--out', s.path('t.onnx')],
    /91 pictures are needed/,
  ],
  [
    'pictures that do not fit',
    (s) => ['train', 'cifar10cnn', '--data', s.data, '--out', s.path('t.onnx')],
    /1×28×28; this needs labelled pictures of 3×32×32/,
  ],
  ['a training seed that is none', (s) => ['train', 'lenet', '--data', s.data, '--seed', '1e30'], /--seed/],
  [
    'training threads that are none',
    (s) => ['train', 'lenet', '--data', s.data, '--threads', 'x'],
    /threads wants a number/,
  ],
  [
    'a plan without a measurement',
    (s) => ['plan', s.model, '--device', 'a', '--cloud', 'b', '--link', 'c'],
    /--audit FILE.*or --data/,
  ],
  [
    'a threshold in words',
    (s) => ['plan', s.model, '--device', 'a', '--cloud', 'b', '--link', 'c', '--max-ssim', 'low'],
    /max-ssim wants a number/,
  ],
  ['a profile with no time', () => ['profile', '--budget', 'none', '--out', '-'], /budget wants a number/],
  ['a demo of no pictures', (s) => ['demo', '--images', '0', '--out', s.path('demo')], /--images/],
  ['a demo with an impossible threshold', (s) => ['demo', '--max-ssim', '7', '--out', s.path('demo')], /--max-ssim/],
  [
    'a demo of a model without card',
    (s) => ['demo', '--model', s.bare, '--data', s.data, '--out', s.path('demo')],
    /card/,
  ],
  ['an agent without configuration', () => ['agent'], /config/],
  ['a configuration that is not there', (s) => ['consumer', '--config', s.path('no.yaml')], /no such file/],
  ['a port in words', () => ['broker', '--port', 'mqtt'], /port wants a number/],
  ['data to fetch that nobody has', () => ['data', 'fetch', 'imagenet'], /imagenet/],
];

const sentence = /^cutline: .+ \[[A-Z_]+\]$/;

describe('a mistake', { concurrent: true }, () => {
  // Every other one is asked for as JSON: people and machines are told the same.
  it.for(mistakes.map((m, i) => [...m, i % 2 === 1] as const))(
    '%s is told in one sentence',
    async (mistake, { expect }) => {
      const [, args, says, json] = mistake;
      const { code, stdout, stderr } = await cutline(...args(shop), ...(json ? ['--json'] : []));
      expect(code, stderr + stdout).toBe(2);
      if (json) {
        expect(JSON.parse(stdout)).toEqual({
          format: 'cutline.error/1',
          code: expect.stringMatching(/^(?!INTERNAL)[A-Z_]+$/),
          message: expect.stringMatching(says),
        });
        expect(stderr).not.toContain('[');
      } else {
        expect(stdout).toBe('');
        expect(stderr).toMatch(says);
        const lines = stderr.trim().split('\n');
        expect(lines.at(-1)).toMatch(sentence);
        expect(lines.filter((l) => /^\s+at |This is a bug/.test(l))).toEqual([]);
      }
    },
  );

  it('is a document also where --json=true is written', async () => {
    const { stdout } = await cutline('inspect', shop.path('no.onnx'), '--json=true');
    expect(JSON.parse(stdout)).toMatchObject({ format: 'cutline.error/1', code: 'FILE_NOT_FOUND' });
  });
});

it('mistakes leave nothing behind', async () => {
  expect(await readdir(shop.dir)).toEqual(before);
});
