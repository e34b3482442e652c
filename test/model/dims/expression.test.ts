import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, namesIn, parseExpression, solveFor } from '../../../src/model/dims/expression.ts';
import { formulaOf } from '../../../src/model/dims/formula.ts';
import { symbolsOf } from '../../../src/model/dims/symbols.ts';
import type { Dim } from '../../../src/model/index.ts';

const values = new Map([
  ['a', 7],
  ['b', 3],
  ['seq.1', 5],
]);

describe('arithmetic over dimensions', () => {
  it.each<[string, number]>([
    ['a', 7],
    ['2*a', 14],
    ['a*2 + b', 17],
    ['a - b - 1', 3],
    ['-b + a', 4],
    ['(a + 1)//2*b', 12],
    ['a//2', 3],
    ['floor(a/2)', 3],
    ['ceiling(a / 2)', 4],
    ['Max(1, b, seq.1)', 5],
    ['FloorDiv(a, 2) + Mod(a, 4)', 6],
    ['a % 4', 3],
    ['12', 12],
  ])('%s', (text, expected) => {
    expect(evaluate(parseExpression(text)!, values)).toBe(expected);
  });

  it.each(['', ' ', 'a b', '2a', 'a+', '(a', 'a)', 'sqrt(a)', 'a,b', '?', 'batch size', 'größe!', 'floor', '2**a'])(
    '%s is none, or a name',
    (text) => {
      expect(parseExpression(text)?.kind ?? 'name').toBe('name');
    },
  );

  it('has no value while a name has none', () => {
    expect(evaluate(parseExpression('a + c')!, values)).toBeUndefined();
    expect([...namesIn(parseExpression('a + 2*c')!)]).toEqual(['a', 'c']);
  });

  it('is solved for a name where it is a straight line', () => {
    const solved = (text: string, n: number) => solveFor(parseExpression(text)!, 'x', n, values);
    expect(solved('2*x', 8)).toBe(4);
    expect(solved('x + a', 9)).toBe(2);
    expect(solved('a - x', 7)).toBe(0);
    expect(solved('2*x', 7)).toBeUndefined();
    expect(solved('x + a', 3)).toBeUndefined();
    expect(solved('x//2', 3)).toBeUndefined();
    expect(solved('a', 7)).toBeUndefined();
  });
});

describe('what a dimension of an input means', () => {
  const meaning = (dims: readonly Dim[], dim: string) =>
    symbolsOf({ inputs: [{ name: 'x', dtype: 'float32', shape: dims }] }).meaning(dim).kind;

  it('is arithmetic where its names are dimensions, or one is multiplied', () => {
    expect(meaning(['past', 'past + 1'], 'past + 1')).toBe('call');
    expect(meaning(['2*batch'], '2*batch')).toBe('call');
    expect(meaning(['a', 'b', 'a-b'], 'a-b')).toBe('call');
  });

  it('is a name as a whole where they are not', () => {
    expect(meaning(['image-batch', 3], 'image-batch')).toBe('name');
    expect(meaning(['w/32', 'h'], 'w/32')).toBe('name');
    expect(meaning(['a*b'], 'a*b')).toBe('name');
  });
});

describe('a length as a formula of batches', () => {
  const names = ['image', 'text'];
  const at = [
    [2, 3],
    [5, 3],
    [2, 7],
    [5, 7],
  ];
  const found = (length: (image: number, text: number) => number) => {
    const [base, first, second, check] = at.map(([i, t]) => ({ at: [i!, t!], length: length(i!, t!) }));
    return formulaOf(names, base!, [first!, second!], check!);
  };

  it('numbers, products and sums are told apart', () => {
    expect(found(() => 4)).toBe(4);
    expect(found((i) => i)).toBe('image');
    expect(found((_, t) => 12 * t)).toBe('12*text');
    expect(found((i, t) => i * t)).toBe('image*text');
    expect(found((i, t) => 6 * i * t)).toBe('6*image*text');
    expect(found((i, t) => i + t)).toBe('image+text');
    expect(found((i, t) => 2 * i + 3 * t - 1)).toBe('2*image+3*text-1');
    expect(found((i) => 7 - i)).toBe('-1*image+7');
  });

  it('what is neither has no formula', () => {
    expect(found((i) => Math.floor(i / 2))).toBeUndefined();
    expect(found((i, t) => Math.max(i, t))).toBeUndefined();
    expect(found((i, t) => i * t + i)).toBeUndefined();
  });

  it('means the same when it is read', () => {
    const coefficient = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(coefficient, coefficient, coefficient, fc.boolean(), (a, b, c, product) => {
        const length = (i: number, t: number) => (product ? c * i ** (a % 2) * t ** (b % 2) : a * i + b * t + c);
        const text = found(length);
        expect(text).toBeDefined();
        const e = parseExpression(String(text))!;
        for (const [i, t] of [
          [1, 1],
          [4, 9],
        ] as const)
          expect(evaluate(e, new Map(Object.entries({ image: i, text: t })))).toBe(length(i, t));
      }),
    );
  });
});
