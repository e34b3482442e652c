/**
 * A stage of a mechanism: one step between the head and the wire, or before the head. It says four things about itself, and
 * everything else follows from them: how it releases, how it looks as a graph, what its law is, what it guarantees. A stage
 * is one file in `stages/` and a line in `stages/index.ts`.
 */
import type { GraphBuilder } from '../../model/builder.ts';
import type { Args, Range } from './args.ts';
import type { NoiseSource } from './noise.ts';
import type { Argument, Place } from './spec.ts';

/** One tensor of one picture: the shape is without the batch. */
export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What one picture makes the device send: all tensors of the cut together. On the input it has one part. */
export type Row = readonly Part[];

/** The same in a graph: terms of shape [n, …]. */
export interface GraphPart {
  readonly term: string;
  /** With the batch. */
  readonly shape: readonly number[];
}

/** What a stage draws, at unit scale: standard normal, Laplace of b = 1, uniform on [0, 1). */
export type Draw = 'gaussian' | 'laplace' | 'uniform';

export interface GraphOptions {
  /** Names an input of the graph that is fed with such draws. Left out: the draw that changes nothing. */
  readonly noise?: ((shape: readonly number[], draw: Draw) => string) | undefined;
  /** Leaves rounding out, for whoever descends and needs a value that does not jump. */
  readonly relaxed?: boolean | undefined;
  /** Leaves out all that has a `slack`, for whoever goes by that. */
  readonly open?: boolean | undefined;
}

/** What is known of a stage by whoever knows the mechanism: its randomness alone is secret. */
export type Law =
  /** The same every time. */
  | { readonly kind: 'deterministic' }
  /** seen = there + noise, each element on its own, mean 0. */
  | {
      readonly kind: 'additive';
      readonly distribution: 'gaussian' | 'laplace';
      /** σ of a Gaussian, b of a Laplace; in units of the tensor's values. */
      readonly scale: number;
      /** Of either; n averaged observations divide it by √n. */
      readonly standardDeviation: number;
    }
  /** Each element is 0 with probability `rate`, on its own, and otherwise what was there times `gain`. */
  | { readonly kind: 'dropout'; readonly rate: number; readonly gain: number };

/** How far one picture's row can be from any other's, for neighbours that differ in everything. */
export interface Bound {
  /** Greatest length of the row, all tensors together. */
  readonly l2?: number;
  /** Greatest absolute value of an element. */
  readonly linf?: number;
}

/** What holds whoever attacks. */
export type Guarantee =
  | { readonly kind: 'none' }
  /** For one release, of any two pictures ("replace one": neighbours differ in everything). */
  | {
      readonly kind: 'dp';
      readonly epsilon: number;
      readonly delta: number;
      /** Greatest distance of two rows before the noise, and its norm. */
      readonly sensitivity: number;
      readonly norm: 'l1' | 'l2';
      /** Zero-concentrated: the Rényi divergence of order α is at most α · rho. Releases of one scene add theirs. */
      readonly rho: number;
    }
  /** No more than so many bits a release tell of the picture. */
  | { readonly kind: 'bits'; readonly bits: number };

/** What stands before a stage: its guarantee may hang on it. */
export interface Before {
  /** Of what enters the stage; undefined where nothing bounds it. */
  readonly bound: Bound | undefined;
  /** Elements of a row. */
  readonly elements: number;
  /** Of its tensors, without the batch; none where the spec is only checked. */
  readonly shapes: readonly (readonly number[])[];
  /** Elements at the beginning of each that can be other than 0. */
  readonly kept: readonly number[];
}

export interface Stage {
  /** Canonical, without the place: `gauss(sd=0.5)`. */
  readonly text: string;
  readonly law: Law;
  /**
   * Of a stage that leaves values as they are, at the beginning of each tensor, and makes 0 of the others: how many it leaves of
   * a tensor of this shape. Stages that make other values leave it out.
   */
  keeps?(shape: readonly number[]): number;
  /** Whether its graph is another one when it is `relaxed`. Default false. */
  readonly relaxes?: boolean;
  /** Changes the row in place. @throws CutlineError DEFENSE_SPEC when it does not fit the shapes */
  release(row: Row, noise: NoiseSource): void;
  /**
   * Writes the same into a graph, with the noise as inputs, differentiable: rounding carries its cotangent straight through.
   * @returns terms of the same shapes
   */
  graph(b: GraphBuilder, parts: readonly GraphPart[], options: GraphOptions): readonly string[];
  /**
   * Of a stage that rounds: how far what entered may be from what is seen of it, as a graph of what is seen. A tensor at a
   * time: what other tensors of the cut say besides is not used.
   * @returns a term that broadcasts against what is seen, not negative
   */
  slack?(b: GraphBuilder, seen: GraphPart): string;
  /** What the row is bounded by after this stage; undefined where it is not. */
  bound(before: Before): Bound | undefined;
  guarantee(before: Before): Guarantee;
}

/** What an open parameter hangs on, measured on pictures. */
export interface Facts {
  /** E tr(JᵀJ) / d of what enters the stage, with respect to the d pixels of the picture. */
  meanSquaredGain(): Promise<number>;
  /**
   * The least width behind which cheap attacks leave a mean SSIM of at most the target, on training pictures. A starting point:
   * what a protocol finds with more attacks decides.
   * @param written the stage with such a width
   * @throws CutlineError DEFENSE_TARGET where there is none
   */
  leastWidth(target: number, written: (width: number) => readonly Argument[]): Promise<number>;
}

/** What somebody may ask for in place of a parameter, alone. */
export interface Target {
  /** The parameter that pictures make of it. */
  readonly becomes: string;
  readonly range: Range;
}

export interface StageKind {
  readonly name: string;
  /** How it is written, for messages and help. */
  readonly usage: string;
  readonly places: readonly Place[];
  /** @throws CutlineError DEFENSE_SPEC */
  make(args: Args, before: Before): Stage;
  /** By name. Default: there are none. */
  readonly targets?: Readonly<Record<string, Target>>;
  /** Turns a target that only pictures can tell into a number; stages without such targets leave it out. */
  resolve?(args: readonly Argument[], facts: Facts): Promise<readonly Argument[]>;
}
