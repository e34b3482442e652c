import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../scripts/defenses');

interface Row {
  readonly id: string;
  readonly defense: string;
  readonly asked: boolean;
  readonly published?: readonly number[];
}
interface Result {
  readonly attack: string;
  readonly parameters: { readonly look: string };
  readonly ssim: { readonly mean: number; readonly low: number; readonly high: number; readonly worstDecile: number };
}
const { rows, chosen, isRandom } = (await import(resolve(folder, 'rows.mjs'))) as {
  rows: Row[];
  chosen(all: readonly Row[], only?: string[]): Row[];
  isRandom(defense: string): boolean;
};
const { strongest, informed, proportion } = (await import(resolve(folder, 'figures.mjs'))) as {
  strongest(results: readonly Result[]): Result;
  informed(results: readonly Result[]): Result[];
  proportion(mean: number, n: number): { mean: number; low: number; high: number };
};
const { page } = (await import(resolve(folder, 'page.mjs'))) as { page(kept: object): string };

const result = (attack: string, mean: number, half = 0.01, look = 'law'): Result => ({
  attack,
  parameters: { look },
  ssim: { mean, low: mean - half, high: mean + half, worstDecile: mean + 0.1 },
});

function kept(once: Result[], often: Result[] | undefined, unaware: Result[]) {
  return {
    command: 'make it',
    resolved: 'as resolved',
    images: 50,
    guess: 0.1,
    accuracy: proportion(0.9, 1000),
    knowing: { 1: once, ...(often && { 16: often }) },
    unaware: { 1: unaware },
  };
}

describe('the rows of the defences', () => {
  it('have names of their own, and are run in the order in which they are asked for', () => {
    expect(new Set(rows.map((r) => r.id)).size).toBe(rows.length);
    const [first, second] = ['cifar ReLU22 none', 'lenet ReLU2 quant(bits=1)'];
    expect(chosen(rows, [first, second]).map((r) => r.id)).toEqual([first, second]);
    // A name that begins others stands for itself.
    expect(chosen(rows, ['lenet ReLU2 dropout(rate=0.5)'])).toHaveLength(1);
    expect(chosen(rows, ['lenet ReLU2']).length).toBeGreaterThan(20);
    expect(chosen(rows).every((r) => r.asked)).toBe(true);
  });

  it('know which are watched in vain', () => {
    expect(['none', 'quant(bits=1)', 'topk(share=0.2)', 'input.blur(sigma=2)'].filter(isRandom)).toEqual([]);
    expect(isRandom('clip(l2=1)+gauss(eps=8,delta=0.00001)')).toBe(true);
  });
});

describe('the figures of the defences', () => {
  it('take the attack whose interval reaches the furthest, and the answer beside it', () => {
    const results = [result('rmle', 0.5, 0.1), result('hybrid', 0.55, 0.01), result('answer', 0.9)];
    expect(strongest(informed(results)).attack).toBe('rmle');
  });

  it('give shares Wilson’s interval, which stays within 0 and 1', () => {
    expect(proportion(0.5, 100)).toMatchObject({ low: expect.closeTo(0.4038, 4), high: expect.closeTo(0.5962, 4) });
    expect(proportion(1, 100)).toMatchObject({ low: expect.closeTo(0.963, 3), high: expect.closeTo(1, 6) });
  });
});

describe('the page of the defences', () => {
  it('finds what only looked safe, and says what was not run', () => {
    const [fooled, averaged, honest] = [
      'lenet ReLU2 dropout(rate=0.5)',
      'lenet ReLU2 gauss(sd=8x)',
      'lenet ReLU2 gauss(sd=1x)',
    ];
    const text = page({
      [fooled]: kept([result('rmle', 0.8), result('answer', 0.4)], [result('rmle', 0.9)], [result('rmle', 0.2)]),
      [averaged]: kept([result('rmle', 0.25)], [result('hybrid', 0.7)], [result('rmle', 0.1)]),
      [honest]: kept([result('rmle', 0.7, 0.01, 'slack')], [result('rmle', 0.8)], [result('rmle', 0.5)]),
    });
    const [, first, second, tables] = text.split('\n## ');
    expect(first).toContain('`dropout(rate=0.5)`: 0.20 [0.19, 0.21] → **0.80 [0.79, 0.81]**');
    expect(first).not.toContain('gauss');
    expect(second).toContain('`gauss(sd=8x)`: 0.25 [0.24, 0.26] → **0.70 [0.69, 0.71]** (hybrid)');
    expect(second).not.toContain('sd=1x');
    expect(tables).toContain('| `gauss(sd=1x)`<br>as resolved | 0.90');
    expect(tables).toContain('0.70 [0.69, 0.71] · 0.80 · rmle, slack |');
    expect(tables).toContain('0.80 [0.79, 0.81] · 0.90 · rmle |');
    expect(text.split('## Not run')[1]).toContain('`quant(bits=1)`');
    expect(text.split('## Not run')[1]).not.toContain('ReLU2: `gauss(sd=1x)`');
  });

  it('says so where nothing was found', () => {
    expect(page({}).match(/None among the rows that were run/g)).toHaveLength(3);
  });
});
