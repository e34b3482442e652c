/** What an audit does about an attack that does not apply. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { type AuditOptions, runAudit, Subject } from '../../../src/privacy/audit/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
});
afterAll(() => engine.close());

async function audit(change: Partial<AuditOptions>, labelled = false) {
  const data = spots({ train: 60, test: 10, labelled });
  const subject = await Subject.open(engine, chain({ batch: 'n' }), unitPreprocessing(data));
  const { audit: document } = await runAudit([engine], subject, data, {
    images: 2,
    seed: 1,
    attacks: ['rmle', 'shadow'],
    rmle: { solver: 'lbfgs', iterations: 5, lambdaTv: 0 },
    shadow: { pictures: 40, epochs: 1, inversion: 'rmle', iterations: 5 },
    cuts: ['conv1'],
    defenses: ['none'],
    modelSha256: 'a'.repeat(64),
    ...change,
  });
  return document;
}

it('a query-free attack that does not apply is told, and the others count', async () => {
  const { results, skipped } = await audit({});
  expect(results.map((r) => r.attack)).toEqual(['rmle']);
  expect(skipped).toMatchObject([{ cut: 'conv1', defense: 'none', attack: 'shadow', code: 'DATA_UNLABELLED' }]);
});

it('alone it says why it does not apply', async () => {
  await expect(audit({ attacks: ['shadow'] })).rejects.toMatchObject({ code: 'DATA_UNLABELLED' });
});

it('one that applies is a result like others, and its threat has a leakage of its own', async () => {
  const { results, leakage, skipped } = await audit({}, true);
  expect(skipped).toBeUndefined();
  expect(results.map((r) => [r.attack, r.threat])).toEqual([
    ['rmle', 'white-box'],
    ['shadow', 'query-free'],
  ]);
  expect(results[1]!.parameters).toMatchObject({ structure: 'known', alignment: 'moments', inversion: 'rmle' });
  expect(leakage.map((l) => [l.threat, l.attack])).toContainEqual(['query-free', 'shadow']);
});
