import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CutlineError } from '../../../src/errors.ts';
import { compileMechanism, formatSpec, parseSpec } from '../../../src/privacy/mechanisms/index.ts';
import { examples } from './stages.ts';

const value = fc.oneof(
  fc.record({
    kind: fc.constant('number' as const),
    value: fc.double({ min: 0, max: 1e15, noNaN: true, noDefaultInfinity: true }).map(Math.abs),
  }),
  fc.record({ kind: fc.constant('relative' as const), value: fc.double({ min: 1e-6, max: 1e6, noNaN: true }) }),
  fc.record({ kind: fc.constant('word' as const), value: fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/) }),
);
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const stage = fc.record({
  name,
  args: fc.uniqueArray(fc.record({ key: name, value }), { selector: (a) => a.key, maxLength: 4 }),
});
const spec = fc
  .tuple(fc.array(stage, { maxLength: 3 }), fc.array(stage, { maxLength: 3 }))
  .map(([input, activation]) => [
    ...input.map((s) => ({ ...s, place: 'input' as const })),
    ...activation.map((s) => ({ ...s, place: 'activation' as const })),
  ]);

describe('specs of mechanisms', () => {
  it('are parsed to what was formatted', () => {
    fc.assert(
      fc.property(spec, (s) => {
        const withPlaces = s.map((one) => ({ ...one, at: 0, args: one.args.map((a) => ({ ...a, at: 0 })) }));
        const text = formatSpec(withPlaces);
        // `none` is the mechanism without stages.
        fc.pre(text !== 'none' || s.length === 0);
        const parsed = parseSpec(text).map((one) => ({ ...one, at: 0, args: one.args.map((a) => ({ ...a, at: 0 })) }));
        expect(parsed).toEqual(withPlaces);
        expect(formatSpec(parseSpec(text))).toBe(text);
      }),
    );
  });

  it('throw one coded error on anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^(input\.)?(clip|gauss|quant)?\(?[a-z0-9=,.x+]*\)?$/)),
        (text) => {
          try {
            const { spec: canonical } = compileMechanism(text);
            expect(compileMechanism(canonical).spec).toBe(canonical);
          } catch (error) {
            expect(error).toBeInstanceOf(CutlineError);
            expect((error as CutlineError).code).toBe('DEFENSE_SPEC');
          }
        },
      ),
    );
  });

  it.each([
    ['', 1, /name of a stage/],
    ['noise:gaussian:input:1', 6, /\+ or the end/],
    ['noise(sd=1)', 1, /one of clip, gauss/],
    ['gauss', 1, /gauss\(sd=0.5\)/],
    ['gauss(sd=0)', 7, /sd from 1e-9/],
    ['gauss(sd=-1)', 10, /a number or a word/],
    ['gauss(sd=0.5', 13, /, or \)/],
    ['gauss(sd=0.5x)', 7, /needs pictures/],
    ['gauss(sd=0.5,sd=1)', 14, /stands there twice/],
    ['gauss(sd=0.5,mean=1)', 14, /gauss\(sd=0.5\)/],
    ['gauss(eps=1,delta=0.1)', 1, /a clip before/],
    ['clip(l2=1)+dropout(rate=1)', 20, /rate above 0 and at most 0.999/],
    ['clip(l2=1)+gauss(sd=1)+gauss(eps=1,delta=0.1)', 24, /a clip before/],
    ['clip(l2=1)+input.gauss(sd=1)', 12, /those on the input come first/],
    ['quant(bits=2.5)', 7, /a whole number from 1/],
    ['blur(sigma=1)', 1, /input\.blur/],
    ['input.topk(share=0.5)', 1, /topk/],
  ])('%j is refused at character %i', (text, at, problem) => {
    const error = refusal(text);
    expect(error.details.at).toBe(at);
    expect(error.message).toMatch(problem);
  });

  it('are canonical in every example', () => {
    for (const text of Object.values(examples).flat())
      expect(formatSpec(parseSpec(text))).toBe(compileMechanism(text).spec);
    expect(compileMechanism('gauss(sd=5e-1)').spec).toBe('gauss(sd=0.5)');
  });
});

function refusal(text: string): CutlineError {
  try {
    compileMechanism(text);
  } catch (error) {
    if (error instanceof CutlineError) return error;
  }
  throw new Error(`${text} was not refused`);
}
