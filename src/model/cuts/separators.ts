/**
 * Separators of a piece of the flow: sets of tensors without which nothing gets from its start to its end.
 *
 * A single tensor is a separator exactly if, in any topological order, it is at some moment the only tensor that is
 * made and still needed: everything alive is then before it or after it, so no order can put anything beside it.
 * Sets of k come from removing k−1 tensors and looking for single ones in what is left.
 */
import type { Flow } from './flow.ts';

/** Nodes first ≤ n < last of the flow, the tensors that enter and the tensors that leave. */
export interface Piece {
  readonly first: number;
  readonly last: number;
  readonly start: readonly number[];
  readonly end: readonly number[];
}

export class Separators {
  readonly #flow: Flow;
  readonly #piece: Piece;
  /** The tensors inside, in order; `#local` is the way back. */
  readonly ids: readonly number[];
  readonly #low: number;
  readonly #reach: Uint8Array;
  readonly #useful: Uint8Array;
  readonly #lastUse: Int32Array;

  constructor(flow: Flow, piece: Piece) {
    this.#flow = flow;
    this.#piece = piece;
    const inside: number[] = [];
    for (let n = piece.first; n < piece.last; n++) inside.push(...flow.writes[n]!);
    this.ids = [...piece.start, ...inside];
    this.#low = Math.min(...piece.start, Number.MAX_SAFE_INTEGER);
    const span = Math.max(...piece.start, inside.at(-1) ?? 0) - this.#low + 1;
    this.#reach = new Uint8Array(span);
    this.#useful = new Uint8Array(span);
    this.#lastUse = new Int32Array(span);
  }

  /** Single separators of what is left when `removed` are gone, in order; undefined when nothing is left. */
  singles(removed: readonly number[]): number[] | undefined {
    const { first, last, start } = this.#piece;
    if (!this.#activate(removed)) return undefined;
    const active = this.#useful;
    // At each moment: how many tensors are alive, and the sum of their ids, which is the id when there is one.
    const count = new Int32Array(last - first + 2);
    const sum = new Float64Array(last - first + 2);
    const live = (id: number, from: number) => {
      const t = id - this.#low;
      if (!active[t]) return;
      const until = Math.min(this.#lastUse[t]!, last) - first + 1;
      count[from]!++;
      sum[from]! += id;
      count[until]!--;
      sum[until]! -= id;
    };
    for (const id of start) live(id, 0);
    for (let n = first; n < last; n++) for (const id of this.#flow.writes[n]!) live(id, n - first + 1);
    const found: number[] = [];
    let [alive, ids] = [0, 0];
    for (let i = 0; i <= last - first; i++) {
      alive += count[i]!;
      ids += sum[i]!;
      if (alive === 1 && found.at(-1) !== ids) found.push(ids);
    }
    return found;
  }

  /** Is anything left on a way from start to end when `removed` are gone? */
  separates(removed: readonly number[]): boolean {
    return !this.#activate(removed);
  }

  /** Tensors on a way from start to end in the last state asked about. */
  active(): number[] {
    return this.ids.filter((id) => this.#useful[id - this.#low]);
  }

  #activate(removed: readonly number[]): boolean {
    const { first, last, start, end } = this.#piece;
    const [low, reach, useful, lastUse] = [this.#low, this.#reach, this.#useful, this.#lastUse];
    reach.fill(0);
    useful.fill(0);
    for (const id of start) reach[id - low] = 1;
    for (const id of removed) reach[id - low] = 2;
    for (let n = first; n < last; n++) {
      let fed = false;
      for (const id of this.#flow.reads[n]!) if (id >= low && reach[id - low] === 1) fed = true;
      if (fed) for (const id of this.#flow.writes[n]!) if (reach[id - low] !== 2) reach[id - low] = 1;
    }
    let any = false;
    for (const id of end) {
      if (reach[id - low] !== 1) continue;
      useful[id - low] = 1;
      lastUse[id - low] = last;
      any = true;
    }
    if (!any) return false;
    for (let n = last - 1; n >= first; n--) {
      let wanted = false;
      for (const id of this.#flow.writes[n]!) if (useful[id - low]) wanted = true;
      if (!wanted) continue;
      for (const id of this.#flow.reads[n]!) {
        if (id < low || reach[id - low] !== 1 || useful[id - low]) continue;
        useful[id - low] = 1;
        lastUse[id - low] = n;
      }
    }
    return true;
  }
}
