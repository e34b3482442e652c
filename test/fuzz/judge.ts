/** What must hold of any file: each command does its work, or refuses in our words. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proveGradient, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { openModel } from '../../src/cli/open-model.ts';
import type { Engine } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import {
  encodeModel,
  foldConstants,
  inspectModel,
  loadModel,
  resolveCut,
  split,
  splitModel,
} from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { compareHalves } from './halves.ts';

export interface Verdict {
  /** How each step ended: `inspect: done`, `split: CUT_UNSENDABLE`. */
  readonly steps: readonly string[];
  /** What must not be; empty is well. */
  readonly faults: readonly string[];
}

/** What an engine, a parser or a stack trace says, and no message of ours does. */
const raw = [
  /ONNXRuntimeError|onnxruntime::|onnxruntime_src|\bonnx::|\bstd::/i,
  /non-zero status|status message|status code/i,
  /\w\.(cc|h|cpp|hpp):\d/,
  /(Shape|Type)InferenceError|Type Error:|Exception during|ONNX_NAMESPACE|tensor\(\w+\)/,
  /\n\s+at \S/,
  /node_modules|dist\/|\.ts:\d|\.js:\d/,
  /napi|protobuf|premature EOF|illegal tag|cannot decode|invalid wire type/i,
  /\b(TypeError|RangeError|SyntaxError)\b|undefined|\[object /,
];

/** @param folder where files may be written; `number` chooses the cut */
export async function judge(bytes: Uint8Array, number: number, folder: string, engine: Engine): Promise<Verdict> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  const steps: string[] = [];
  const faults: string[] = [];
  const say = (step: string, text: string) => {
    const pattern = raw.find((p) => p.test(text));
    if (pattern) faults.push(`${step}: raw text ${pattern}: ${text}`);
  };
  const attempt = async <T>(step: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work();
      steps.push(`${step}: done`);
      return result;
    } catch (error) {
      if (error instanceof CutlineError) {
        steps.push(`${step}: ${error.code}`);
        if (error.code === 'ENGINE_CRASHED') faults.push(`${step}: ${error.message}`);
        say(step, error.message);
      } else {
        steps.push(`${step}: INTERNAL`);
        faults.push(`${step}: INTERNAL ${error instanceof Error ? error.stack : String(error)}`);
      }
      return undefined;
    }
  };
  const note = (text: string) => say('note', text);
  const random = createRandom(number).fork('cut');
  const report = await attempt('inspect', () => inspectModel(path, engine, { note }));
  if (report && report.cuts.length === 0) steps.push('no cuts');
  if (report && report.cuts.length > 0) {
    const at = report.cuts[random.int(report.cuts.length)]!.id;
    const files = await attempt('split', () => splitModel(path, engine, { at, out: folder, note }));
    if (files) {
      const { graph: inferred } = await openModel(path, {}, engine);
      const { outcome, fault } = await compareHalves(bytes, await loadModel(path), inferred, files, number, engine);
      steps.push(`halves: ${outcome}`);
      if (fault !== undefined) faults.push(`halves at ${at}: ${fault}`);
    }
    await attempt('gradient', async () => {
      const { graph, cuts } = await openModel(path, {}, engine);
      const gradient = vectorJacobianGraph(await foldConstants(split(graph, resolveCut(cuts, at)).head, engine));
      await proveGradient(engine, gradient);
      encodeModel(gradient);
    });
  }
  return { steps, faults };
}
