/**
 * An engine runs graphs. It owns the memory and the threads of its sessions and keeps the caller's event loop free, but for a
 * stall that the caller allows;
 * it does not transform graphs, choose batches, or know what a graph is for.
 */
import type { Graph, ValueInfo } from './graph.ts';
import type { Tensors } from './tensor.ts';

export interface LoadOptions {
  /** Graph rewriting by the runtime. `disabled` keeps every node and is bit-exact under splitting. Default `all`. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** False: threads never wait busily, because the caller computes while the engine does. Default as the engine was made. */
  readonly spinning?: boolean;
  /**
   * Bytes that the session is reckoned to take. Where given, whoever loads the same graph (the same object, not an equal one)
   * with the same options shares the session, and it outlives its last close for a while: the sessions closed last are
   * kept, 256 MiB of them and no more. Default: the session is nobody else's and ends when it is closed.
   */
  readonly keepBytes?: number;
  /**
   * The graph runs where it is called, without a hop to another thread, when that takes less than so many milliseconds: measured
   * here and watched from then on. The caller's event loop stands still as long, and for the load and the first runs. Only for
   * small files whose shapes are all known. Default: never.
   */
  readonly mostStallMs?: number;
  readonly signal?: AbortSignal;
}

export interface RunOptions {
  /** Names of the outputs wanted; all when left out, but for what is no tensor of ours (sequences, maps, bfloat16). */
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface LoopOptions extends RunOptions {
  readonly steps: number;
  /** After each step the output takes the place of the input: `{ output: input }`. */
  readonly carry: Readonly<Record<string, string>>;
  /** Called about ten times a second with the number of steps done. */
  readonly onProgress?: (steps: number) => void;
}

export interface Session {
  /** Symbolic dimensions are strings; '' where the runtime could not infer. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  run(feeds: Tensors, options?: RunOptions): Promise<Tensors>;
  /**
   * The same session with some inputs fed for good, so that they need not be handed over at each run; closing it lets go of
   * them and leaves this one open. It is closed with this one.
   */
  hold(feeds: Tensors, options?: { readonly signal?: AbortSignal }): Promise<Session>;
  /** Runs the graph `steps` times, feeding outputs back as inputs, without leaving the engine. Returns the last outputs. */
  loop(feeds: Tensors, options: LoopOptions): Promise<Tensors>;
  /** Runs the graph with the same feeds until it is warm, then `repeats` times; milliseconds of each run, measured inside the engine. */
  time(
    feeds: Tensors,
    options: { readonly warmups: number; readonly repeats: number; readonly signal?: AbortSignal },
  ): Promise<number[]>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  /** Whether graphs may compute in float64; where not, such a graph is refused at load. */
  readonly hasFloat64: boolean;
  /** @throws CutlineError ENGINE_LOAD when the runtime refuses the graph. */
  load(model: Graph | Uint8Array, options?: LoadOptions): Promise<Session>;
  /** Ends the engine and every session it loaded. */
  close(): Promise<void>;
}
