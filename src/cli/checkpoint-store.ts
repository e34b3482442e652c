/** Where a training of a code is kept between two epochs: `training.onnx` holds its tensors, `training.json` the rest. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { type Graph, GraphBuilder, loadModel, saveModel, type Tensor } from '../model/index.ts';
import type { Checkpoint } from '../training/harden/index.ts';
import { readDocument } from '../validate.ts';
import type { HardenSettings } from './run-harden.ts';

const schema = z.strictObject({
  format: z.literal('cutline.training/1'),
  /** Of what decides how it goes on. */
  settings: z.string(),
  losses: z.array(z.number()),
  since: z.int(),
  score: z.number(),
  report: z.strictObject({
    epoch: z.int(),
    loss: z.number(),
    distance: z.number(),
    agreement: z.number().optional(),
    similarity: z.number().optional(),
    isBest: z.boolean(),
  }),
});

const [ofFit, ofBest] = ['fit:', 'best:'];

export interface CheckpointStore {
  /** @throws CutlineError FILE_NOT_FOUND, RESUME_OTHER when it was begun with other settings */
  load(): Promise<Checkpoint>;
  save(checkpoint: Checkpoint): Promise<void>;
  clear(): Promise<void>;
}

export function checkpointStore(settings: HardenSettings): CheckpointStore {
  const [tensors, rest] = ['training.onnx', 'training.json'].map((name) => join(settings.out, name)) as [
    string,
    string,
  ];
  const own = digestOf(settings);
  return {
    async load() {
      const {
        settings: theirs,
        report,
        ...about
      } = await readDocument(rest, schema, {
        code: 'RESUME_OTHER',
        maxBytes: 1 << 20,
      });
      if (theirs !== own) {
        throw new CutlineError('RESUME_OTHER', { path: rest, problem: 'it was begun with other settings' });
      }
      const { initializers } = await loadModel(tensors);
      const under = (prefix: string) =>
        [...initializers].flatMap(([name, t]): [string, Tensor][] =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [],
        );
      const { agreement, similarity, ...figures } = report;
      return {
        fit: { losses: about.losses, tensors: Object.fromEntries(under(ofFit)) },
        best: { report: { ...figures, agreement, similarity }, score: about.score, weights: new Map(under(ofBest)) },
        since: about.since,
      };
    },
    async save({ fit, best, since }) {
      await saveModel(
        holding([...under(ofFit, Object.entries(fit.tensors)), ...under(ofBest, [...best.weights])]),
        tensors,
      );
      const { losses } = fit;
      const document = {
        format: 'cutline.training/1',
        settings: own,
        losses,
        since,
        score: best.score,
        report: best.report,
      };
      await writeAtomically(rest, `${JSON.stringify(document, null, 2)}\n`);
    },
    async clear() {
      for (const path of [rest, tensors]) await rm(path, { force: true });
    },
  };
}

const under = (prefix: string, entries: readonly [string, Tensor][]): [string, Tensor][] =>
  entries.map(([name, t]) => [prefix + name, t]);

/** A graph that does nothing but hold tensors. */
function holding(entries: readonly [string, Tensor][]): Graph {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', []);
  b.op('Identity', ['x'], {}, 'y');
  b.output('y', 'float32', []);
  for (const [name, tensor] of entries) b.initializer(tensor, name);
  return b.build('training');
}

/** What is only about this run, such as threads, may be another. */
function digestOf(settings: HardenSettings): string {
  const { out, resume, json, threads, protocol, minUtility, memoryGb, ...deciding } = settings;
  return createHash('sha256').update(JSON.stringify(deciding)).digest('hex');
}
