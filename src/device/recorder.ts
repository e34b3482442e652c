/**
 * What becomes of each picture, from the source to whoever wants to know: the results, the sinks, the one who brought it, and
 * the summary. Memory is bounded however long the agent runs.
 */
import type { Tensors } from '../model/tensor.ts';
import { isOfThePlan } from './fault.ts';
import { LastFailures } from './last-failures.ts';
import { LastMinute } from './last-minute.ts';
import { Latencies } from './latencies.ts';
import type { Failed, Inference, Known } from './record.ts';
import { scoreOf } from './score.ts';
import type { Picture, Source, Unread } from './source.ts';

/** An inference and its outputs, or how it failed; as it is written. */
export interface Line {
  /** The line without the outputs. */
  readonly head: (Inference | Failed) & {
    /** How sure the network is of `top1`, 0 … 1; not of what failed. */
    readonly score?: number | null;
    readonly sha256?: string;
    /** Of what waited on the disk: the same, should its answer be written twice. */
    readonly id?: string;
    readonly planId: string;
    /** When it ended, ISO 8601. */
    readonly at: string;
  };
  /** By name; values that are too wide for a number are text. */
  readonly outputs?: Readonly<Record<string, { shape: readonly number[]; values: (number | string)[] }>>;
}

export interface RecorderOptions {
  /** Of what failed; an answer knows its route. */
  readonly planId: string;
  /** What pictures are counted from that do not know their place. */
  readonly firstIndex: number;
  /** Inferences that the summary has room for, from the first. */
  readonly maxResults: number;
  /** Called for each before the agent takes another picture in its place. A throw ends the run. */
  readonly write: (line: Line) => Promise<void>;
  readonly log: (line: string) => void;
  /** Uniform on [0, 1). */
  readonly random: () => number;
  readonly now: () => number;
}

/** Pictures that failed are told of one by one up to here, then ever more rarely: a camera may fail all night. */
const MAX_TOLD = 100;

export class Recorder {
  readonly #options: RecorderOptions;
  /** By the number that the agent gives them: they come to it one by one, and it counts. */
  readonly #underWay = new Map<number, Picture | Unread>();
  readonly latencies: Latencies;
  readonly lastMinute = new LastMinute();
  readonly lastFailures = new LastFailures();
  readonly total = { answered: 0, failed: 0 };
  /** Failures that lie in the plan, and the last of them. */
  faults = 0;
  fault: string | undefined;
  /** The first, and the first that failed. */
  readonly results: (Inference | Failed)[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.latencies = new Latencies(options.random);
  }

  /** Pictures that came and have no record. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** The same pictures, remembered until their records. */
  async *following(source: Source): AsyncGenerator<Picture | Unread> {
    let count = 0;
    for await (const picture of source) {
      this.#underWay.set(count++, picture);
      yield picture;
    }
  }

  /** @throws what `write` throws; whoever brought the picture has been told by then */
  async record(ended: Inference | Failed, outputs?: Tensors, known?: Known): Promise<void> {
    const { planId, firstIndex, maxResults, write, now } = this.#options;
    const picture = known ? undefined : this.#underWay.get(ended.index);
    if (!known) this.#underWay.delete(ended.index);
    const inference = known ? ended : { ...ended, index: picture?.index ?? firstIndex + ended.index };
    const sha256 = (known ?? picture)?.sha256;
    const at = new Date(now()).toISOString();
    if ('error' in inference) {
      this.total.failed++;
      this.lastFailures.add(inference.error.code, at);
      if (isOfThePlan(inference.error.code)) {
        this.faults++;
        this.fault = inference.error.message;
      }
      this.#tell(inference);
    } else {
      this.total.answered++;
      this.latencies.add(inference.latencyMs);
      this.lastMinute.add(inference.latencyMs.total);
    }
    if (this.results.length < maxResults || ('error' in inference && this.total.failed === 1)) {
      this.results.push(inference);
    }
    const head: Line['head'] = {
      ...inference,
      ...(outputs && { score: scoreOf(outputs) }),
      ...(sha256 !== undefined && { sha256 }),
      ...(known?.id !== undefined && { id: known.id }),
      planId: 'planId' in inference ? inference.planId : planId,
      at,
    };
    const line: Line = outputs ? { head, outputs: plainOutputs(outputs) } : { head };
    picture?.answered?.({ ...line.head, ...(line.outputs && { outputs: line.outputs }) });
    await write(line);
  }

  #tell({ image, error }: Failed): void {
    const { failed } = this.total;
    if (failed > MAX_TOLD && (failed & (failed - 1)) !== 0) return;
    this.#options.log(`${image}: ${error.message}${failed > MAX_TOLD ? ` (the ${failed}th that failed)` : ''}`);
  }
}

function plainOutputs(outputs: Tensors): NonNullable<Line['outputs']> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [
      name,
      { shape, values: Array.from(data as ArrayLike<number | bigint>, (v) => (typeof v === 'bigint' ? String(v) : v)) },
    ]),
  );
}
