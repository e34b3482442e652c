/** Frozen GraphDefs, as TensorFlow.js keeps them in JSON. */
import { CutlineError } from '../../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { type Dims, type Feature, Writer } from '../feature.ts';
import { isObject, type Json, list, malformed, object, text, UnsupportedError, unsupported } from '../json.ts';
import { type DefNode, type NodeWriters, typeAttribute } from './node.ts';
import { pointwiseNodes, typeOf } from './pointwise.ts';
import { shapeNodes } from './shapes.ts';
import { windowNodes } from './windows.ts';

const writers: NodeWriters = { ...windowNodes, ...pointwiseNodes, ...shapeNodes };

interface Raw {
  readonly name: string;
  readonly type: string;
  readonly inputs: readonly string[];
  readonly attributes: Json;
}

/** @param model the whole model.json, whose signature tells the outputs */
export function writeNodes(topology: Json, weights: ReadonlyMap<string, Tensor>, path: string, model: Json) {
  const w = new Writer();
  const nodes = new Map(list(topology.node, 'node').map((n) => [...rawNode(n)]));
  const references = outputsOf(model, nodes);
  if (references.length === 0) malformed('no node is an output');
  const needed = neededBy(references, nodes);
  // Before the order is sought: loops of TensorFlow 1 are cycles, and the file is sound.
  for (const node of needed.values()) requireRule(node, path);
  const made = new Map<string, readonly Feature[]>();
  for (const node of inOrder(needed)) made.set(node.name, write(node, made, weights, w, path));
  const outputs = references.map((reference) => find(reference, made));
  return { w, outputs };
}

/** What the outputs are made of, and the inputs. What only orders the work or checks it (NoOp, Assert) is left out. */
function neededBy(references: readonly string[], nodes: ReadonlyMap<string, Raw>): ReadonlyMap<string, Raw> {
  const inputs = [...nodes.values()].filter((n) => n.type === 'Placeholder').map((n) => n.name);
  const needed = new Set<string>();
  const open = [...inputs, ...references.map((r) => parseReference(r)[0])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    for (const i of nodes.get(name)?.inputs ?? []) open.push(parseReference(i)[0]);
  }
  return new Map([...nodes].filter(([name]) => needed.has(name)));
}

/** Loops, branches and the lists they fill, in the ways of both TensorFlows. */
const controlFlow =
  /^(Ref)?(Enter|Exit|Switch|Merge|NextIteration)$|^LoopCond$|^(Stateless)?(While|If|Case|For)$|^Tensor(List|Array)/;

/** @throws CutlineError TFJS_UNSUPPORTED */
function requireRule({ name, type }: Raw, path: string): void {
  if (type === 'Placeholder' || Object.hasOwn(writers, type)) return;
  const problem = controlFlow.test(type)
    ? 'loops and branches of TensorFlow are not imported'
    : 'there is no rule for this operator';
  throw new CutlineError('TFJS_UNSUPPORTED', { path, kind: 'node', name, type, problem });
}

function rawNode(value: unknown): readonly [string, Raw] {
  const node = object(value, 'a node');
  const name = text(node.name, 'the name of a node');
  const inputs = list(node.input ?? [], `the inputs of node ${name}`)
    .map((i) => text(i, `an input of node ${name}`))
    // Control edges only order the work.
    .filter((i) => !i.startsWith('^'));
  const attributes = isObject(node.attr) ? node.attr : {};
  return [name, { name, type: text(node.op, `op of node ${name}`), inputs, attributes }];
}

/** `name:1` is the second output of a node. */
function parseReference(reference: string): readonly [string, number] {
  const at = reference.lastIndexOf(':');
  const output = at > 0 ? reference.slice(at + 1) : '';
  return /^\d{1,4}$/.test(output) ? [reference.slice(0, at), Number(output)] : [reference, 0];
}

function find(reference: string, made: ReadonlyMap<string, readonly Feature[]>): Feature {
  const [name, output] = parseReference(reference);
  return made.get(name)?.[output] ?? malformed(`nothing makes tensor ${reference}`);
}

/** Each node after those it reads. Without recursion: graphs are deep. */
function inOrder(nodes: ReadonlyMap<string, Raw>): readonly Raw[] {
  const order: Raw[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const root of nodes.values()) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      const before = state.get(node.name);
      if (before === 'done') {
        stack.pop();
        continue;
      }
      state.set(node.name, 'open');
      const waiting = node.inputs.map((i) => {
        const [name] = parseReference(i);
        return nodes.get(name) ?? malformed(`node ${node.name} reads ${i}, which nothing makes`);
      });
      const next = waiting.filter((n) => state.get(n.name) !== 'done');
      if (next.some((n) => state.get(n.name) === 'open')) malformed(`node ${node.name} depends on itself`);
      if (next.length > 0) stack.push(...next.slice(0, 1));
      else {
        state.set(node.name, 'done');
        order.push(node);
        stack.pop();
      }
    }
  }
  return order;
}

function write(
  node: Raw,
  made: ReadonlyMap<string, readonly Feature[]>,
  weights: ReadonlyMap<string, Tensor>,
  w: Writer,
  path: string,
): readonly Feature[] {
  const { name, type, attributes } = node;
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CutlineError('TFJS_UNSUPPORTED', { path, kind: 'node', name, type, problem }, { cause });
  };
  const inputs = node.inputs.map((reference) => find(reference, made));
  const asked: DefNode = { w, name, type, attributes, inputs };
  try {
    if (type === 'Placeholder') return [placeholder(asked)];
    const weight = type === 'Const' ? weights.get(name) : undefined;
    if (weight) return [{ dims: weight.shape, dtype: weight.dtype, constant: weight }];
    return [writers[type]!(asked)].flat();
  } catch (error) {
    if (error instanceof UnsupportedError) return refuse(error.message, error);
    throw error;
  }
}

/** An input; what is not known of its shape gets a name. */
function placeholder(node: DefNode): Feature {
  const shape = node.attributes.shape;
  const found = isObject(shape) && isObject(shape.shape) ? shape.shape : undefined;
  if (!found || found.unknownRank === true) return unsupported('an input of unknown rank');
  const dims: Dims = list(found.dim ?? [], `the shape of ${node.name}`).map((d) => {
    const size = Number(isObject(d) ? (d.size ?? Number.NaN) : Number.NaN);
    return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
  });
  const [dtype] = typeOf(typeAttribute(node, 'dtype'));
  const declared = dims.map((d, i) => d ?? (i === 0 ? 'batch' : `${node.name}_dim${i}`));
  return { dims, dtype, last: node.w.b.input(node.name, dtype, declared) };
}

/** Nobody reads them, but they are not what the model is for. */
const noEnds = new Set(['Const', 'Placeholder', 'NoOp', 'Assert']);

/** Those of the signature, else what nobody reads. */
function outputsOf(model: Json, nodes: ReadonlyMap<string, Raw>): readonly string[] {
  const user = isObject(model.userDefinedMetadata) ? model.userDefinedMetadata.signature : undefined;
  const signature = isObject(model.signature) ? model.signature : user;
  const named = isObject(signature) && isObject(signature.outputs) ? Object.values(signature.outputs) : [];
  const listed = named.flatMap((o) => (isObject(o) && typeof o.name === 'string' ? [o.name] : []));
  const known = listed.filter((name) => nodes.has(parseReference(name)[0]));
  if (known.length > 0) return known;
  const read = new Set([...nodes.values()].flatMap((n) => n.inputs.map((i) => parseReference(i)[0])));
  const ends = [...nodes.values()].filter((n) => !read.has(n.name) && !noEnds.has(n.type));
  return ends.map((n) => n.name);
}
