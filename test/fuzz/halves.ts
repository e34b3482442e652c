/** Head and tail together compute what the file does, bit for bit. */
import { readFile } from 'node:fs/promises';
import type { Engine, Session } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import type { Graph, Tensor, Tensors, ValueInfo } from '../../src/model/index.ts';
import { allValues, emptyData, requireMemory } from '../../src/model/index.ts';
import { createRandom, type Random } from '../../src/random.ts';

/**
 * What the engine refuses of a file and not of its halves, which are written anew, and rightly so:
 * - what a file says of tensors that nodes make is not believed (shapes/), and the halves say what is made;
 * - a weight with an empty `raw_data` beside its numbers has its numbers;
 * - an attribute that says no type is of the type of the one value it has;
 * - what neither half needs is in neither.
 */
const mended: readonly (readonly [RegExp, string])[] = [
  [/is declared \S+, and its operator makes/, 'declared otherwise'],
  // A name with a zero byte ends what the engine says.
  [/Type \(\S+?\)+ of output arg \(.*\) of node \(/s, 'declared otherwise'],
  [/Invalid tensor data type/, 'declared otherwise'],
  [/'type' of 'attr' is required/, 'untyped attribute'],
  [/attribute \S+ is of another type than it says/, 'untyped attribute'],
  [/has not as many bytes as its shape needs/, 'empty raw data'],
];

interface Comparison {
  readonly outcome: string;
  readonly fault?: string;
}

/** What takes more is not run: its outputs are held three times, and it takes long. */
const mostBytes = 2 ** 28;

/**
 * @param bytes the file
 * @param graph of the file, for weights in other files, which an engine does not find from bytes
 * @param inferred the same, shapes known for a batch of 1
 */
export async function compareHalves(
  bytes: Uint8Array,
  graph: Graph,
  inferred: Graph,
  files: { readonly head: string; readonly tail: string },
  number: number,
  engine: Engine,
): Promise<Comparison> {
  const external = graph.initializers.size > 0 && Buffer.from(bytes).includes('location');
  const random = createRandom(number).fork('feeds');
  const given = new Map<string, Tensor>();
  const feed = (inputs: readonly ValueInfo[]): Tensors =>
    Object.fromEntries(
      inputs.map((v) => {
        const t = given.get(v.name) ?? drawn(v, random);
        given.set(v.name, t);
        return [v.name, t];
      }),
    );
  if (graph.inputs.some((v) => v.unknown || v.dtype === 'bfloat16') || !fits(inferred)) return { outcome: 'not run' };
  const whole = await run(engine, external ? graph : bytes, (s) => feed(s.inputs));
  const head = await run(engine, await readFile(files.head), (s) => feed(s.inputs));
  if (head instanceof CutlineError) {
    if (whole instanceof CutlineError) return { outcome: 'both refuse' };
    return { outcome: 'differ', fault: `the head does not run, the whole does (${head.message})` };
  }
  const tail = await run(engine, await readFile(files.tail), () => head);
  if (tail instanceof CutlineError) {
    if (whole instanceof CutlineError) return { outcome: 'both refuse' };
    return { outcome: 'differ', fault: `the tail does not run, the whole does (${tail.message})` };
  }
  if (whole instanceof CutlineError) {
    const kind = mended.find(([words]) => words.test(whole.message))?.[1];
    if (kind !== undefined) return { outcome: `only the halves run: ${kind}` };
    return { outcome: 'differ', fault: `only the halves run (${whole.message})` };
  }
  const other = Object.keys(whole).find((name) => !tail[name] || !same(whole[name]!, tail[name]));
  return other === undefined ? { outcome: 'equal' } : { outcome: 'differ', fault: `output ${other} is another` };
}

function fits(inferred: Graph): boolean {
  try {
    requireMemory(inferred, allValues(inferred), mostBytes);
    return true;
  } catch {
    return false;
  }
}

async function run(
  engine: Engine,
  model: Uint8Array | Graph,
  feeds: (session: Session) => Tensors,
): Promise<Tensors | CutlineError> {
  try {
    const session = await engine.load(model, { optimization: 'disabled' });
    try {
      return await session.run(feeds(session));
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof CutlineError && error.code !== 'ENGINE_CRASHED') return error;
    throw error;
  }
}

const lengthsOf = (v: ValueInfo): number[] => v.shape.map((d) => (typeof d === 'number' ? d : 1));
const sizeOf = (v: ValueInfo): number => lengthsOf(v).reduce((a, b) => a * b, 1);

function drawn(v: ValueInfo, random: Random): Tensor {
  const shape = lengthsOf(v);
  const data = emptyData(v.dtype, sizeOf(v));
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) data[i] = random.normal();
  }
  return { dtype: v.dtype, shape, data };
}

function same(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || `${a.shape}` !== `${b.shape}`) return false;
  if (!ArrayBuffer.isView(a.data) || !ArrayBuffer.isView(b.data)) return `${a.data}` === `${b.data}`;
  const bytes = (t: ArrayBufferView) => Buffer.from(t.buffer, t.byteOffset, t.byteLength);
  return bytes(a.data).equals(bytes(b.data));
}
