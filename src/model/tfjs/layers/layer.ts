/** What a layer gets to see while it is written. */
import type { Tensor } from '../../tensor.ts';
import type { Feature, Writer } from '../feature.ts';
import { type Json, list, unsupported, wholeNumbers } from '../json.ts';
import type { Padding } from '../windows.ts';

export interface Layer {
  readonly w: Writer;
  readonly name: string;
  readonly type: string;
  readonly config: Json;
  readonly inputs: readonly Feature[];
  /** A weight by its Keras name. */
  weight(name: string): Tensor;
}

export type LayerWriter = (layer: Layer) => Feature;
export type LayerWriters = Readonly<Record<string, LayerWriter>>;

export const first = (layer: Layer): Feature => layer.inputs[0] ?? unsupported('it has no input');

export function optional(layer: Layer, name: string, wanted: unknown): Tensor | undefined {
  return wanted === false ? undefined : layer.weight(name);
}

export function requireChannelsLast(layer: Layer): void {
  const format = layer.config.data_format;
  if (format !== undefined && format !== null && format !== 'channels_last')
    unsupported(`data format ${String(format)}`);
}

/** `strides` and the like over the spatial axes; the default is taken where the file says nothing. */
export function perAxis(layer: Layer, key: string, count: number, fallback: number): number[] {
  const value = layer.config[key];
  return wholeNumbers(value ?? fallback, count, `${key} of layer ${layer.name}`);
}

export function paddingOf(layer: Layer): Padding {
  const p = layer.config.padding ?? 'valid';
  return p === 'same' || p === 'valid' || p === 'causal' ? p : unsupported(`padding ${String(p)}`);
}

/** `[[top, bottom], [left, right]]`, `[vertical, horizontal]` or one number. */
export function margins(layer: Layer, key: string, count: number): { before: number[]; after: number[] } {
  const value = layer.config[key] ?? 1;
  if (typeof value === 'number') {
    const all = wholeNumbers(value, count, key);
    return { before: all, after: all };
  }
  const items = list(value, `${key} of layer ${layer.name}`);
  const single = count === 1 && items.length === 2 && typeof items[0] === 'number' ? [items] : items;
  if (single.length !== count) unsupported(`${key} has ${single.length} values`);
  const pairs = single.map((item) => wholeNumbers(item, 2, key));
  return { before: pairs.map((p) => p[0]!), after: pairs.map((p) => p[1]!) };
}
