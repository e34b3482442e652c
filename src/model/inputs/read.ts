/** From `--input NAME=VALUE|FILE` to tensors that fit the inputs of a model. */
import { CutlineError } from '../../errors.ts';
import type { Dim, Graph, ValueInfo } from '../graph.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { LiteralError, literals, literalTensor } from './literal.ts';
import { MalformedFileError } from './npy.ts';
import { readTensorFile } from './tensor-file.ts';

/**
 * A VALUE is a number, true, false, or a list of them with commas between; one alone fills the whole shape. For an input of
 * strings it is the text. Anything else is a FILE, `.npy` or a TensorProto.
 * @param graph with the shapes bound that `--shape` gives
 * @returns by name, each of the type and shape that the model declares
 * @throws CutlineError USAGE, INPUT_UNKNOWN, INPUT_DTYPE, INPUT_SHAPE, INPUT_RANGE, INPUT_FILE
 */
export async function readInputs(texts: readonly string[], graph: Graph): Promise<ReadonlyMap<string, Tensor>> {
  const values = new Map<string, Tensor>();
  for (const text of texts) {
    const { declared, value } = addressed(text, graph);
    const input = declared.name;
    if (values.has(input))
      throw new CutlineError('USAGE', { problem: `--input ${input} is given twice; give it once.` });
    if (declared.unknown === 'type' || declared.raw) {
      throw new CutlineError('INPUT_DTYPE', {
        input,
        problem: 'it is no tensor of a type that is read, and cannot be fixed',
      });
    }
    values.set(input, fromText(value, declared, graph) ?? (await fromFile(value, declared, graph)));
  }
  return values;
}

/** Names may contain `=`, and so may paths: the longest name that fits is meant. */
function addressed(text: string, graph: Graph): { declared: ValueInfo; value: string } {
  const [declared] = graph.inputs
    .filter((v) => text.startsWith(`${v.name}=`))
    .sort((a, b) => b.name.length - a.name.length);
  const at = text.indexOf('=');
  if (at < 1) throw new CutlineError('USAGE', { problem: `--input ${text}: write it as NAME=VALUE or NAME=FILE.` });
  if (!declared) {
    const inputs = graph.inputs.map((v) => v.name).join(', ');
    throw new CutlineError('INPUT_UNKNOWN', { input: text.slice(0, at), inputs });
  }
  const value = text.slice(declared.name.length + 1);
  if (value === '') throw new CutlineError('USAGE', { problem: `--input ${text}: there is nothing after the =.` });
  return { declared, value };
}

function fromText(text: string, declared: ValueInfo, graph: Graph): Tensor | undefined {
  const { name: input, dtype } = declared;
  const batches = new Set(graph.inputs.flatMap((v) => v.shape[0] || []));
  const isFile = /\.(npy|pb)$/i.test(text);
  const words = dtype !== 'string' ? literals(text) : isFile ? undefined : text.split(',');
  if (!words) return undefined;
  // A string alone may have commas of its own.
  const single = dtype === 'string' && sizeOf(shapeFor(declared, 1, batches)) === 1;
  const list = single ? [text] : words;
  const shape = shapeFor(declared, list.length, batches);
  const size = sizeOf(shape);
  if (list.length !== size && list.length !== 1) {
    const problem = `${list.length} values were given, and it takes ${size}, or one for all`;
    throw new CutlineError('INPUT_SHAPE', { input, declared: `${declared.shape}`, problem });
  }
  try {
    return literalTensor(list, dtype, shape, size);
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    const code = error.kind === 'dtype' ? 'INPUT_DTYPE' : 'INPUT_RANGE';
    throw new CutlineError(code, { input, problem: error.message }, { cause: error });
  }
}

/**
 * The declared shape for so many values. One sample: a symbolic dimension that leads, here or in another input, is 1. One other
 * is what the values leave.
 */
function shapeFor(
  { name: input, shape, unknown }: ValueInfo,
  count: number,
  batches: ReadonlySet<Dim>,
): readonly number[] {
  const refuse = (problem: string): never => {
    throw new CutlineError('INPUT_SHAPE', { input, declared: unknown ? '?' : `${shape}`, problem });
  };
  if (unknown) return refuse('its shape is not declared; give a file');
  const dims = shape.map((d, axis) => (typeof d === 'string' && (axis === 0 || batches.has(d)) ? 1 : d));
  const open = dims.filter((d) => typeof d === 'string');
  const known = sizeOf(dims.filter((d) => typeof d === 'number'));
  const left = count / known;
  if (open.length > 0 && (open.length > 1 || count === 1 || !Number.isInteger(left))) {
    const example = dims.map((d, axis) => (typeof d === 'number' ? d : d || `dim${axis}`)).join(',');
    return refuse(`bind it with --shape "${input}=${example}", or give a file`);
  }
  return dims.map((d) => (typeof d === 'number' ? d : left));
}

async function fromFile(path: string, declared: ValueInfo, graph: Graph): Promise<Tensor> {
  const { name: input, dtype, shape } = declared;
  const { tensor, name, outOfRange } = await readTensorFile(path).catch((error: unknown) => {
    const absent = error instanceof CutlineError && error.code === 'FILE_NOT_FOUND';
    if (!absent && !(error instanceof MalformedFileError)) throw error;
    const problem = absent ? 'no such file, and no number, true or false either' : error.message;
    throw new CutlineError('INPUT_FILE', { input, path, problem }, { cause: error });
  });
  if (outOfRange) throw new CutlineError('INPUT_RANGE', { input, problem: `in ${path}, ${outOfRange}` });
  if (name !== input && graph.inputs.some((v) => v.name === name)) {
    throw new CutlineError('INPUT_FILE', { input, path, problem: `it holds the values of input ${name}` });
  }
  if (tensor.dtype !== dtype) {
    const problem = `${path} holds ${tensor.dtype}, and it takes ${dtype}; convert the array first`;
    throw new CutlineError('INPUT_DTYPE', { input, problem });
  }
  const fits = declared.unknown || fitsShape(tensor.shape, shape);
  if (!fits) {
    throw new CutlineError('INPUT_SHAPE', { input, declared: `${shape}`, problem: `${path} holds [${tensor.shape}]` });
  }
  return tensor;
}

function fitsShape(found: readonly number[], declared: ValueInfo['shape']): boolean {
  const sizes = new Map<string, number>();
  return (
    found.length === declared.length &&
    declared.every((d, axis) => {
      const n = found[axis]!;
      if (typeof d === 'number') return d === n;
      if (d === '') return true;
      const other = sizes.get(d) ?? n;
      sizes.set(d, other);
      return other === n;
    })
  );
}
