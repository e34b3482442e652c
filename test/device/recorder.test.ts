import { describe, expect, it } from 'vitest';
import type { Inference } from '../../src/device/record.ts';
import { type Line, Recorder } from '../../src/device/recorder.ts';
import { scoreOf } from '../../src/device/score.ts';
import type { Picture, Source } from '../../src/device/source.ts';
import { CutlineError } from '../../src/errors.ts';
import { float32 } from '../../src/model/index.ts';

const latencyMs = { total: 5, head: 1, encode: 1, network: 1, tail: 2 };
const inference = (index: number): Inference => ({
  index,
  image: `${index}`,
  top1: 1,
  latencyMs,
  tries: 1,
  planId: 'p',
});
const outputs = { y: float32(Float32Array.of(0, Math.log(3)), [1, 2]) };

function recorderOf(given: Partial<ConstructorParameters<typeof Recorder>[0]> = {}) {
  const lines: Line[] = [];
  const said: string[] = [];
  const recorder = new Recorder({
    planId: 'p',
    firstIndex: 0,
    maxResults: 3,
    write: async (line) => void lines.push(line),
    log: (line) => said.push(line),
    random: Math.random,
    now: () => 0,
    ...given,
  });
  return { recorder, lines, said };
}
async function* sourceOf(count: number, more: (i: number) => Partial<Picture> = () => ({})): Source {
  for (let i = 0; i < count; i++) yield { name: `${i}`, label: undefined, pixels: {} as Picture['pixels'], ...more(i) };
}
const drain = async (source: Source) => {
  for await (const _ of source);
};

describe('records', () => {
  it('carry what is known of their pictures, and reach who brought them, in whatever order they end', async () => {
    const told: object[] = [];
    const { recorder, lines } = recorderOf({ firstIndex: 100 });
    const more = (i: number) => ({
      sha256: `s${i}`,
      ...(i === 1 && { index: 7 }),
      answered: (l: object) => told.push(l),
    });
    await drain(recorder.following(sourceOf(3, more)));
    for (const i of [2, 0, 1]) await recorder.record(inference(i), outputs);
    expect(lines.map(({ head }) => [head.index, head.sha256, head.score])).toEqual([
      [102, 's2', 0.75],
      [100, 's0', 0.75],
      [7, 's1', 0.75],
    ]);
    expect(lines[0]!.head).toMatchObject({ planId: 'p', at: '1970-01-01T00:00:00.000Z' });
    expect(told).toHaveLength(3);
    expect(told[0]).toMatchObject({ index: 102, outputs: { y: { shape: [1, 2] } } });
  });

  it('are kept as far as there is room, the first failure always; failures are told ever more rarely', async () => {
    const { recorder, said } = recorderOf();
    await drain(recorder.following(sourceOf(1004)));
    for (let i = 0; i < 4; i++) await recorder.record(inference(i), outputs);
    const { code, message } = new CutlineError('NO_ANSWER', { tries: 1, timeoutMs: 1, fleet: 'f' });
    for (let i = 4; i < 1004; i++) await recorder.record({ index: i, image: `${i}`, error: { code, message } });
    expect(recorder.total).toEqual({ answered: 4, failed: 1000 });
    expect(recorder.results.map((r) => r.index)).toEqual([0, 1, 2, 4]);
    expect(said.length).toBeLessThan(105);
    expect(said.at(-1)).toMatch(/the 512th that failed/);
  });
});

describe('the score', () => {
  it.each<[string, number[], number | null]>([
    ['of probabilities is the largest', [0.2, 0.7, 0.1], 0.7],
    ['of logits is that after softmax', [0, Math.log(3)], 0.75],
    ['of large logits is a number', [1e4, 0], 1],
    ['of what is no number is none', [Number.NaN, 1], null],
    ['of infinity is none', [Number.POSITIVE_INFINITY, 1], null],
  ])('%s', (_name, values, score) => {
    const found = scoreOf({ y: float32(Float32Array.from(values), [1, values.length]) });
    if (score === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(score, 5);
  });
});
