/** Pictures as the model sees them: the features before its last layer, and its class scores. */
import { normalise } from '../../data/index.ts';
import type { Engine, Session } from '../../engine/index.ts';
import { allValues, asFloat32, type Cut, type Graph, split, type ValueInfo } from '../../model/index.ts';
import { type Images, joinRows, type Rows } from '../metrics/index.ts';
import type { Subject } from './subject.ts';

export interface View {
  /** Absent where the model has no such cut. */
  readonly features?: Rows;
  /** Absent where the model's first output is no [n, classes]. */
  readonly scores?: Rows;
}

/** Pictures run at once. */
const chunk = 25;

/** Layers with weights: the last of them makes the answer out of the features. */
const weighing = /^(Conv|ConvTranspose|Gemm|MatMul|FusedConv|FusedGemm|FusedMatMul|QLinear.*|QGemm|.*Integer)$/;

/**
 * The deepest cut of one float32 tensor with a layer that has weights still behind it: what the last layer reads. The last
 * cut before the output would often be class scores, which say no more than the label does.
 */
async function featureCut(subject: Subject): Promise<Cut | undefined> {
  const whole = await subject.whole(1);
  const behind = (cut: Cut) => split(whole, cut).tail.nodes.some((node) => weighing.test(node.op));
  const within = subject.cuts.filter((c) => c.id !== 'input' && c.id !== 'output');
  return within.reverse().find((c) => c.tensors.length === 1 && c.tensors[0]!.dtype === 'float32' && behind(c));
}

export class ModelView {
  /** Where the features are taken. */
  readonly cut: Cut | undefined;
  /** Why there are no class scores; undefined where there are. */
  readonly noScores: string | undefined;
  readonly #subject: Subject;
  /** One for as long as the engine lives: the runtime leaks where sessions come and go. */
  readonly #session: Session | undefined;
  readonly #features: string | undefined;
  readonly #scores: string | undefined;

  static async open(engine: Engine, subject: Subject): Promise<ModelView> {
    const cut = await featureCut(subject);
    const whole = await subject.whole(chunk);
    const features = cut?.tensors[0]?.name;
    const [first] = whole.outputs;
    const noAnswer = await subject.noAnswer(chunk);
    const noScores =
      noAnswer ?? (first && isClassScores(first) ? undefined : 'the first output of the model is no [n, classes]');
    const scores = noScores === undefined ? first!.name : undefined;
    const wanted = new Set([features, scores].filter((name) => name !== undefined));
    const session = wanted.size > 0 ? await engine.load(answering(whole, wanted)) : undefined;
    return new ModelView(subject, session, cut, scores, noScores);
  }

  private constructor(
    subject: Subject,
    session: Session | undefined,
    cut: Cut | undefined,
    scores: string | undefined,
    noScores: string | undefined,
  ) {
    this.cut = cut;
    this.noScores = noScores;
    this.#subject = subject;
    this.#session = session;
    this.#features = cut?.tensors[0]?.name;
    this.#scores = scores;
  }

  async see(images: Images, signal?: AbortSignal): Promise<View> {
    const { preprocessing, input } = this.#subject;
    const { count, data } = images;
    const size = data.length / count;
    const features: Rows[] = [];
    const scores: Rows[] = [];
    for (let at = 0; at < count && this.#session; at += chunk) {
      const rows = Math.min(chunk, count - at);
      // The last chunk is filled up with black, so that one session serves all.
      const part = new Float32Array(chunk * size);
      part.set(data.subarray(at * size, (at + rows) * size));
      const out = await this.#session.run({ [input]: normalise(part, chunk, preprocessing) }, signal && { signal });
      const taken = (name: string): Rows => {
        const values = asFloat32(out[name]);
        const length = values.length / chunk;
        return { count: rows, length, data: values.slice(0, rows * length) };
      };
      if (this.#features !== undefined) features.push(taken(this.#features));
      if (this.#scores !== undefined) scores.push(taken(this.#scores));
    }
    return {
      ...(features.length > 0 && { features: joinRows(features) }),
      ...(scores.length > 0 && { scores: joinRows(scores) }),
    };
  }
}

function isClassScores({ dtype, shape }: ValueInfo): boolean {
  const [n, classes, ...rest] = shape;
  return (
    dtype === 'float32' && n === chunk && typeof classes === 'number' && classes >= 2 && rest.every((d) => d === 1)
  );
}

/** The graph with these tensors as its outputs. */
function answering(graph: Graph, names: ReadonlySet<string>): Graph {
  const known = allValues(graph);
  const values = new Map([...known].filter(([name]) => !names.has(name)));
  return { ...graph, outputs: [...names].map((name) => known.get(name)!), values };
}
