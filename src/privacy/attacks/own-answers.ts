/**
 * Answers side by side, so that the nearest can be found. Every output counts alike, whatever its units and however long; a long
 * one is held as a sketch of itself, since distances are all that is asked.
 */
import { asFloat32, type Tensors } from '../../model/index.ts';
import { squaredDistance } from '../../numeric/index.ts';
import { createRandom } from '../../random.ts';

/**
 * Numbers of an output that are held. Of a longer one each number is added to one of so many, with a sign, both by chance
 * (Charikar, Chen, Farach-Colton 2002): a squared distance errs by √(2/4096), 2 % of itself.
 */
export const mostHeld = 4096;

interface Output {
  /** Numbers of one answer. */
  readonly length: number;
  /** Where in a row it stands, and how wide. */
  readonly at: number;
  readonly width: number;
  readonly sketch: { readonly place: Uint16Array; readonly sign: Int8Array } | undefined;
}

/** Bytes that the answer to one picture takes here. */
export const answerBytes = (answers: Tensors): number =>
  4 * lengthsOf(answers).reduce((sum, [, length]) => sum + Math.min(length, mostHeld), 0);

const lengthsOf = (answers: Tensors): [string, number][] =>
  Object.entries(answers).map(([name, t]) => [name, t.data.length / t.shape[0]!]);

export class AnswerTable {
  readonly #rows: Float32Array;
  readonly #width: number;
  readonly #outputs = new Map<string, Output>();
  readonly #spread = new Map<string, { sum: number; squares: number; count: number }>();
  #factors: ReadonlyMap<string, number> = new Map();

  /** @param like answers of the same outputs, any number */
  constructor(count: number, like: Tensors) {
    let at = 0;
    for (const [name, length] of lengthsOf(like)) {
      const width = Math.min(length, mostHeld);
      this.#outputs.set(name, { length, at, width, sketch: length > mostHeld ? sketchOf(name, length) : undefined });
      this.#spread.set(name, { sum: 0, squares: 0, count: 0 });
      at += width;
    }
    this.#width = at;
    this.#rows = new Float32Array(count * at);
  }

  /** Rows first, first + 1, … */
  put(first: number, answers: Tensors): void {
    this.#write(this.#rows, first, answers);
    for (const [name, spread] of this.#spread) {
      for (const v of asFloat32(answers[name]!)) {
        spread.sum += v;
        spread.squares += v * v;
      }
      spread.count += answers[name]!.data.length;
    }
  }

  /** When all are there: each output by the inverse of its spread, over the root of its length. */
  settle(): void {
    const factors = [...this.#outputs].map(([name, { length }]): [string, number] => {
      const { sum, squares, count } = this.#spread.get(name)!;
      const variance = squares / count - (sum / count) ** 2;
      // What never changes differs by rounding alone.
      return [name, variance > 1e-14 * (squares / count) ? 1 / Math.sqrt(variance * length) : 0];
    });
    this.#factors = new Map(factors);
    this.#scale(this.#rows);
  }

  /** Rows as those of the table, of which `nearest` is asked. */
  rowsOf(answers: Tensors): Float32Array {
    const count = Object.values(answers)[0]!.shape[0]!;
    const rows = new Float32Array(count * this.#width);
    this.#write(rows, 0, answers);
    this.#scale(rows);
    return rows;
  }

  row(index: number, rows = this.#rows): Float32Array {
    return rows.subarray(index * this.#width, (index + 1) * this.#width);
  }

  /** Indices of the `most` rows nearest to this one, nearest first. */
  nearest(row: Float32Array, most: number): number[] {
    const count = this.#rows.length / this.#width;
    const distances = Float64Array.from({ length: count }, (_, i) => squaredDistance(row, this.row(i)));
    const order = Array.from({ length: count }, (_, i) => i);
    return order.sort((a, b) => distances[a]! - distances[b]!).slice(0, most);
  }

  #write(rows: Float32Array, first: number, answers: Tensors): void {
    for (const [name, { length, at, sketch }] of this.#outputs) {
      const data = asFloat32(answers[name]!);
      for (let i = 0; i < data.length / length; i++) {
        const own = data.subarray(i * length, (i + 1) * length);
        const to = (first + i) * this.#width + at;
        if (!sketch) rows.set(own, to);
        else for (let j = 0; j < length; j++) rows[to + sketch.place[j]!]! += sketch.sign[j]! * own[j]!;
      }
    }
  }

  #scale(rows: Float32Array): void {
    for (const [name, { at, width }] of this.#outputs) {
      const factor = this.#factors.get(name)!;
      for (let from = at; from < rows.length; from += this.#width) {
        for (let j = from; j < from + width; j++) rows[j]! *= factor;
      }
    }
  }
}

/** The same for everybody: it hides nothing. */
function sketchOf(name: string, length: number): NonNullable<Output['sketch']> {
  const random = createRandom(0).fork(`sketch of ${name}`);
  const place = Uint16Array.from({ length }, () => Math.floor(mostHeld * random.uniform()));
  return { place, sign: Int8Array.from({ length }, () => (random.uniform() < 0.5 ? -1 : 1)) };
}
