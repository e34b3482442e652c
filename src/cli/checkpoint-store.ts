/** Where a training of a code is kept between two epochs: one file, `training.onnx`, so that no half of it is of another epoch. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Preprocessing } from '../data/index.ts';
import { CutlineError } from '../errors.ts';
import { type Graph, GraphBuilder, loadModel, saveModel, type Tensor } from '../model/index.ts';
import type { Checkpoint } from '../training/harden/index.ts';
import type { HardenSettings } from './run-harden.ts';

const schema = z.strictObject({
  format: z.literal('cutline.training/2'),
  /** Of what decides how it goes on. */
  settings: z.string(),
  /** Digest of the tensors. */
  tensors: z.string(),
  losses: z.array(z.number()),
  since: z.int(),
  score: z.number(),
  report: z.strictObject({
    epoch: z.int(),
    loss: z.number(),
    distance: z.number(),
    agreement: z.number().optional(),
    similarity: z.number().optional(),
    comparison: z.number().optional(),
    isBest: z.boolean(),
  }),
});

const [ofFit, ofBest] = ['fit:', 'best:'];
/** Of the file's own notes. */
const noteKey = 'cutline.training';

export interface CheckpointStore {
  /** @throws CutlineError FILE_NOT_FOUND; RESUME_OTHER when it was begun with other settings, or is damaged */
  load(): Promise<Checkpoint>;
  save(checkpoint: Checkpoint): Promise<void>;
  clear(): Promise<void>;
}

/** What a training is of, whatever its files are called. */
export interface TrainedOn {
  readonly modelSha256: string;
  readonly dataSha256: string;
  readonly preprocessing: Preprocessing;
}

export function checkpointStore(settings: HardenSettings, on: TrainedOn): CheckpointStore {
  const path = join(settings.out, 'training.onnx');
  const own = digestOf(settings, on);
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CutlineError('RESUME_OTHER', { path, problem }, { cause });
  };
  return {
    async load() {
      const graph = await loadModel(path).catch((error: unknown) => {
        if (error instanceof CutlineError && error.code !== 'FILE_NOT_FOUND') return refuse('it is damaged', error);
        throw error;
      });
      const found = schema.safeParse(parsed(graph.metadata?.get(noteKey)));
      if (!found.success) return refuse('it is no training of a code');
      const { settings: theirs, tensors, report, ...about } = found.data;
      if (theirs !== own) refuse('it was begun with other settings, another model or other pictures');
      if (tensors !== digestOfTensors([...graph.initializers])) refuse('it is damaged');
      const under = (prefix: string) =>
        [...graph.initializers].flatMap(([name, t]): [string, Tensor][] =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [],
        );
      const { agreement, similarity, comparison, ...figures } = report;
      return {
        fit: { losses: about.losses, tensors: Object.fromEntries(under(ofFit)) },
        best: {
          report: { ...figures, agreement, similarity, comparison },
          score: about.score,
          weights: new Map(under(ofBest)),
        },
        since: about.since,
      };
    },
    async save({ fit, best, since }) {
      const tensors = [...under(ofFit, Object.entries(fit.tensors)), ...under(ofBest, [...best.weights])];
      const document: z.infer<typeof schema> = {
        format: 'cutline.training/2',
        settings: own,
        tensors: digestOfTensors(tensors),
        losses: [...fit.losses],
        since,
        score: best.score,
        report: best.report,
      };
      await saveModel({ ...holding(tensors), metadata: new Map([[noteKey, JSON.stringify(document)]]) }, path);
    },
    clear: () => rm(path, { force: true }),
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
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

function digestOfTensors(entries: readonly [string, Tensor][]): string {
  const hash = createHash('sha256');
  for (const [name, { dtype, shape, data }] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name} ${dtype} [${shape}]\n`);
    hash.update(
      ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.join('\n'),
    );
  }
  return hash.digest('hex');
}

/** What is only about this run, such as threads, may be another; and so may the places of files that are the same. */
function digestOf(settings: HardenSettings, on: TrainedOn): string {
  const { out, resume, json, threads, protocol, minUtility, model, data, preprocessing, ...deciding } = settings;
  return createHash('sha256')
    .update(JSON.stringify({ ...deciding, ...on }))
    .digest('hex');
}
