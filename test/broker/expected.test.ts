import { describe, expect, it } from 'vitest';
import { createCodec, expectedActivation, misfit } from '../../src/broker/index.ts';
import type { CodecName } from '../../src/plan/index.ts';

const shape = [1, 4, 2, 2];
const code = {
  dtype: 'float32' as const,
  shape,
  data: Float32Array.from({ length: 16 }, (_, i) => (i % 2 ? 0.25 : 0.75)),
};
const plan = (codec: CodecName, bits: number) => ({
  codec,
  cut: { id: 'code', tensors: [{ name: 'code', dtype: 'float32', shape, bits }] },
});

describe('what a consumer expects of a cut that sends a code', () => {
  it.each(['float32', 'float16', 'uint8', 'float32+deflate'] as const)(
    'takes it written as %s, which any plan may choose',
    async (codec) => {
      expect(
        misfit([await createCodec(codec).encode('code', code)], expectedActivation(plan(codec, 2))),
      ).toBeUndefined();
    },
  );

  it('refuses a finer code than its plan names', async () => {
    const sent = [await createCodec('code').encode('code', code)];
    expect(misfit(sent, expectedActivation(plan('code', 2)))).toBeUndefined();
    expect(misfit(sent, expectedActivation(plan('code', 1)))).toContain('a finer code than one of 1 bits');
  });
});
