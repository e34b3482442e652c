/** What the sweep tries: for each operator the product of its attributes. */
import type { Draft } from './draft.ts';

export interface Variant {
  /** The attributes, for messages. */
  readonly label: string;
  readonly opset: number;
  readonly write: (s: Draft) => void;
  /** Why onnxruntime does not run it; that it does not is checked. */
  readonly refused?: string;
  /** Why there is no gradient; that it is refused with NO_GRADIENT_RULE is checked. */
  readonly unruled?: string;
  /** Its float64 kernel computes in float32, or it has none that counts. */
  readonly single?: boolean;
  /** It is raised to plain operators: they must compute the same, and their differences in float64 are compared. */
  readonly raised?: boolean;
  /** The function whose differences are compared, where that of the graph itself has none, as with rounding. */
  readonly twin?: (s: Draft) => void;
}

type Axes = Readonly<Record<string, readonly unknown[]>>;
/** One value for each axis. */
export type Choice<A extends Axes> = { readonly [K in keyof A]: A[K][number] };

/** How a choice becomes a graph; undefined skips what makes no sense, such as dilations before there were any. */
export type Write<A extends Axes> = (choice: Choice<A> & { readonly opset: number }) => WrittenVariant | undefined;
export type WrittenVariant = ((s: Draft) => void) | Omit<Variant, 'label' | 'opset'>;

/** All choices of one value for each axis. */
export function product<const A extends Axes>(opsets: readonly number[], axes: A, write: Write<A>): Variant[] {
  let choices: Record<string, unknown>[] = opsets.map((opset) => ({ opset }));
  for (const [name, values] of Object.entries(axes)) {
    choices = choices.flatMap((c) => values.map((v) => ({ ...c, [name]: v })));
  }
  return choices.flatMap((choice) => {
    const written = write(choice as Choice<A> & { opset: number });
    if (!written) return [];
    const { opset } = choice as { opset: number };
    const label = Object.entries(choice)
      .map(([k, v]) => `${k}=${typeof v === 'object' ? JSON.stringify(v) : String(v)}`)
      .join(' ');
    return [{ label, opset, ...(typeof written === 'function' ? { write: written } : written) }];
  });
}

/** Variants by operator. */
export type Sweep = Readonly<Record<string, readonly Variant[]>>;
