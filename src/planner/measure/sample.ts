/** Pictures of the user's own that what a codec loses is measured on. */
import type { Preprocessing } from '../../data/index.ts';
import type { Tensors } from '../../model/index.ts';

export interface Sample {
  readonly count: number;
  /** One picture as the model takes it. */
  readonly at: (index: number) => Promise<Tensors>;
  readonly label: (index: number) => number | undefined;
  /** Of its one input; without it nobody knows what a pixel is. */
  readonly picture: { readonly input: string; readonly preprocessing: Preprocessing } | undefined;
}
