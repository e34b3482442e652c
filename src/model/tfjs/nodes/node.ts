/** A node of a GraphDef, and what it gets to see while it is written. */
import { asNumbers, type Tensor } from '../../tensor.ts';
import type { Feature, Writer } from '../feature.ts';
import { isObject, type Json, list, malformed, text, unsupported } from '../json.ts';
import type { Padding } from '../windows.ts';

export interface DefNode {
  readonly w: Writer;
  readonly name: string;
  readonly type: string;
  readonly attributes: Json;
  readonly inputs: readonly Feature[];
}

export type NodeWriter = (node: DefNode) => Feature | readonly Feature[];
export type NodeWriters = Readonly<Record<string, NodeWriter>>;

export const input = (node: DefNode, i: number): Feature => node.inputs[i] ?? unsupported(`input ${i} is missing`);

/** A value that the file must hold, not one that is computed. */
export function constantAt(node: DefNode, i: number): Tensor {
  return input(node, i).constant ?? unsupported(`input ${i} is computed; only constants are taken there`);
}

export const integersAt = (node: DefNode, i: number): number[] => asNumbers(constantAt(node, i));

const attributeOf = (node: DefNode, name: string): Json | undefined => {
  const a = node.attributes[name];
  return isObject(a) ? a : undefined;
};

/** 64-bit integers are texts in JSON. */
function integer(v: unknown, what: string): number {
  const n = typeof v === 'string' && /^-?\d{1,15}$/.test(v) ? Number(v) : v;
  return typeof n === 'number' && Number.isSafeInteger(n) ? n : malformed(`${what} is no whole number`);
}

export function intAttribute(node: DefNode, name: string, fallback: number): number {
  const v = attributeOf(node, name)?.i;
  return v === undefined ? fallback : integer(v, `attribute ${name}`);
}

export function floatAttribute(node: DefNode, name: string, fallback: number): number {
  const v = attributeOf(node, name)?.f;
  return typeof v === 'number' && Number.isFinite(v) ? v : fallback;
}

export function boolAttribute(node: DefNode, name: string, fallback = false): boolean {
  const v = attributeOf(node, name)?.b;
  return typeof v === 'boolean' ? v : fallback;
}

/** Texts are base64. */
const decoded = (v: unknown): string => Buffer.from(text(v, 'a text attribute'), 'base64').toString('utf8');

export function textAttribute(node: DefNode, name: string, fallback: string): string {
  const v = attributeOf(node, name)?.s;
  return v === undefined ? fallback : decoded(v);
}

export function textsAttribute(node: DefNode, name: string): string[] {
  const v = attributeOf(node, name)?.list;
  return isObject(v) && v.s !== undefined ? list(v.s, `attribute ${name}`).map(decoded) : [];
}

export function intsAttribute(node: DefNode, name: string): number[] {
  const v = attributeOf(node, name)?.list;
  return isObject(v) && v.i !== undefined
    ? list(v.i, `attribute ${name}`).map((i) => integer(i, `attribute ${name}`))
    : [];
}

export function typeAttribute(node: DefNode, name: string): string | number | undefined {
  const v = attributeOf(node, name)?.type;
  return typeof v === 'string' || typeof v === 'number' ? v : undefined;
}

/** `[1, h, w, 1]` over the spatial axes. */
export function spatial(node: DefNode, name: string): [number, number] {
  const list_ = intsAttribute(node, name);
  if (list_.length === 0) return [1, 1];
  if (list_.length !== 4 || list_[0] !== 1 || list_[3] !== 1) unsupported(`${name} [${list_}]`);
  return [list_[1]!, list_[2]!];
}

export function paddingOf(node: DefNode): Padding {
  const p = textAttribute(node, 'padding', 'VALID');
  if (p === 'SAME') return 'same';
  if (p === 'VALID') return 'valid';
  const pads = intsAttribute(node, 'explicit_paddings');
  if (p !== 'EXPLICIT' || pads.length !== 8) return unsupported(`padding ${p}`);
  return { before: [pads[2]!, pads[4]!], after: [pads[3]!, pads[5]!] };
}

export function requireChannelsLast(node: DefNode): void {
  const format = textAttribute(node, 'data_format', 'NHWC');
  if (format !== 'NHWC') unsupported(`data format ${format}`);
}
