/** Audits of a small network on made-up pictures, as quick as they go. */
import type { Dataset } from '../../../src/data/index.ts';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import type { Graph } from '../../../src/model/index.ts';
import { type AuditOptions, runAudit, Subject } from '../../../src/privacy/audit/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

export const engine = await createEngine({ threads: 2, flushDenormals: true });

export const data = spots({ train: 300, test: 60 });
export const graph = chain({ batch: 'n' });
export const modelSha256 = 'a'.repeat(64);

export const defaults: AuditOptions = {
  images: 4,
  seed: 1,
  attacks: ['rmle'],
  rmle: { solver: 'lbfgs', iterations: 30, lambdaTv: 0 },
  cuts: ['conv1'],
  defenses: ['none'],
  modelSha256,
};

export async function audit(
  change: Partial<AuditOptions> = {},
  network: Graph = graph,
  pictures: Dataset = data,
  engines: readonly Engine[] = [engine],
) {
  const subject = await Subject.open(engine, network, unitPreprocessing(pictures));
  return runAudit(engines, subject, pictures, { ...defaults, ...change });
}
