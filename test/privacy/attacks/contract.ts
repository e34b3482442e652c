/**
 * What every attack promises, whatever its technique. An implementation passes its name and how it is made; what one
 * cannot promise is skipped there with its reason.
 */

import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32 } from '../../../src/model/index.ts';
import type {
  Attack,
  AttackContext,
  BlackBoxContext,
  QueryFreeContext,
  WhiteBoxContext,
} from '../../../src/privacy/attacks/attack.ts';
import type { Threat } from '../../../src/threats.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { aboveBlind, only, row, scene } from './scene.ts';

export interface Promises {
  readonly name: string;
  readonly how?: string;
  readonly threat: Threat;
  /** By how much every picture must beat the best answer that saw nothing, dB. Default 5. */
  readonly gapDb?: number;
  /** @param batch victims attacked together */
  make(batch?: number): Attack;
  /** An attack that would go on for minutes. */
  endless(): Attack;
  /** How far the picture of a victim may depend on who is attacked with it: largest difference of a pixel. */
  readonly batchTolerance: number;
}

export function attackContract({ name, how = '', threat, gapDb = 5, make, endless, batchTolerance }: Promises): void {
  describe(`${name} ${how} as an attack`, async () => {
    const engine = await createEngine({ threads: 1, flushDenormals: true });
    afterAll(() => engine.close());
    const data = spots({ test: 20 });
    const graph = chain({ batch: 'n' });
    const sceneOf = (count: number, over = {}) =>
      scene({ engine, graph, cut: 'ReLU1', data, victims: Array.from({ length: count }, (_, i) => i), ...over });

    it('gives one finite picture of the network’s size for every victim, and says what it did', async () => {
      const { run, psnrOf, blind } = await sceneOf(2);
      const attack = make();
      const { pictures, iterations, parameters } = await run(attack);
      expect(pictures.shape).toEqual([2, 1, 28, 28]);
      expect(asFloat32(pictures).every(Number.isFinite)).toBe(true);
      expect(iterations).toBeGreaterThan(0);
      expect(Object.keys(parameters).length).toBeGreaterThan(0);
      expect([attack.name, attack.threat]).toEqual([name, threat]);
      aboveBlind(psnrOf(pictures), await blind(), gapDb);
    });

    it('repeats itself bit for bit for a seed', async () => {
      const [first, again] = [await sceneOf(2), await sceneOf(2)];
      const [a, b] = [await first.run(make()), await again.run(make())];
      expect(asFloat32(b.pictures)).toEqual(asFloat32(a.pictures));
      expect([b.iterations, b.parameters]).toEqual([a.iterations, a.parameters]);
    });

    it('treats every victim as a problem of its own', async () => {
      const { ground, run } = await sceneOf(3);
      const together = (await run(make())).pictures;
      for (let i = 0; i < 3; i++) {
        const alone = await run(make(), { observed: only(ground.observed, i) });
        const [a, b] = [asFloat32(alone.pictures), asFloat32(row(together, i))];
        const worst = a.reduce((most, v, k) => Math.max(most, Math.abs(v - b[k]!)), 0);
        expect(worst).toBeLessThanOrEqual(batchTolerance);
      }
    });

    it('attacks everybody when they do not fill whole batches', async () => {
      const { run, psnrOf, blind } = await sceneOf(7);
      const { pictures } = await run(make(3));
      expect(pictures.shape[0]).toBe(7);
      aboveBlind(psnrOf(pictures), await blind(), gapDb);
    });

    it('tells how far it is, never backwards, from 0 to 1', async () => {
      const { run } = await sceneOf(5);
      const shares: number[] = [];
      await run(make(2), { onProgress: (done) => shares.push(done) });
      expect(shares.length).toBeGreaterThan(0);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares[0]).toBeGreaterThanOrEqual(0);
      expect(shares.at(-1)).toBeCloseTo(1, 9);
    });

    it('stops when told to', async () => {
      const scene = await sceneOf(2);
      const controller = new AbortController();
      let started = 0;
      const run = scene.run(endless(), {
        signal: controller.signal,
        onProgress: () => {
          started ||= performance.now();
          controller.abort();
        },
      });
      await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(performance.now() - started).toBeLessThan(5000);
      await expect(scene.run(endless(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'CANCELLED',
      });
    });

    it('sees what its threat grants and no truth', () => {
      expectTypeOf<keyof AttackContext>().toEqualTypeOf<
        'engine' | 'preprocessing' | 'observed' | 'count' | 'view' | 'memoryBytes' | 'random' | 'signal' | 'onProgress'
      >();
      expectTypeOf<Exclude<keyof BlackBoxContext, keyof AttackContext>>().toEqualTypeOf<
        'pairs' | 'available' | 'structure'
      >();
      expectTypeOf<Exclude<keyof WhiteBoxContext, keyof BlackBoxContext>>().toEqualTypeOf<'head' | 'examples'>();
      expectTypeOf<Exclude<keyof QueryFreeContext, keyof AttackContext>>().toEqualTypeOf<
        'tail' | 'structure' | 'traffic' | 'labelled'
      >();
    });
  });
}
