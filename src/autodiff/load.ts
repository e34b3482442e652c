/** Gradients on an engine. */

import { CutlineError } from '../errors.ts';
import type { Engine, LoadOptions, Session } from '../model/engine.ts';
import type { Graph, Node, ValueInfo } from '../model/graph.ts';
import { inferredValues } from '../model/infer/declared.ts';
import { filled } from '../model/infer/run.ts';
import { requireMemory } from '../model/memory.ts';
import type { Tensors } from '../model/tensor.ts';
import { allValues } from '../model/values.ts';
import { originOf } from './purpose.ts';
import { explained } from './refusal.ts';

/**
 * Loads a graph that contains gradients.
 * @throws CutlineError GRADIENT_REFUSED naming the node whose gradient the engine refuses, now or when it runs
 */
export async function loadGradient(engine: Engine, graph: Graph, options: LoadOptions = {}): Promise<Session> {
  const telling = async <T>(work: () => Promise<T>, feeds?: Tensors): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw await explained(error, { engine, graph, options, feeds });
    }
  };
  const tellingSession = (session: Session, held: Tensors): Session => ({
    inputs: session.inputs,
    outputs: session.outputs,
    run: (feeds, run) => telling(() => session.run(feeds, run), { ...held, ...feeds }),
    loop: (feeds, loop) => telling(() => session.loop(feeds, loop), { ...held, ...feeds }),
    time: (feeds, time) => telling(() => session.time(feeds, time), { ...held, ...feeds }),
    hold: async (feeds, hold) => tellingSession(await session.hold(feeds, hold), { ...held, ...feeds }),
    close: () => session.close(),
  });
  return tellingSession(await telling(() => engine.load(graph, options)), {});
}

/**
 * Loads a graph of gradients, runs it once and compares what it makes with what it declares.
 * @param graph shapes of inputs and outputs known
 * @throws CutlineError GRADIENT_REFUSED, MODEL_MEMORY
 */
export async function proveGradient(engine: Engine, graph: Graph): Promise<void> {
  requireMemory(graph, await inferred(engine, graph));
  const session = await loadGradient(engine, graph);
  try {
    const made = await session.run(filled(graph.inputs, 0));
    for (const { name, dtype, shape } of graph.outputs) {
      const found = made[name]!;
      if (found.dtype === dtype && String(found.shape) === String(shape)) continue;
      const problem = `${name} would be ${found.dtype} [${found.shape}], not ${dtype} [${shape}]`;
      throw new CutlineError('GRADIENT_REFUSED', { ...originOf(writerOf(graph, name)), problem });
    }
  } finally {
    await session.close();
  }
}

async function inferred(engine: Engine, graph: Graph): Promise<ReadonlyMap<string, ValueInfo>> {
  const made = graph.nodes.flatMap((n) => n.outputs.filter((y) => y !== ''));
  try {
    return new Map([...(await inferredValues(graph, made, engine)), ...allValues({ ...graph, outputs: [] })]);
  } catch (error) {
    // What the engine refuses is explained when the graph is loaded.
    if (error instanceof CutlineError && error.code === 'ENGINE_LOAD') return allValues(graph);
    throw error;
  }
}

/** The node that computes a tensor, past those that give it its name. */
function writerOf(graph: Graph, name: string): Node {
  const node = graph.nodes.find((n) => n.outputs.includes(name))!;
  const source = node.op === 'Identity' && graph.nodes.some((n) => n.outputs.includes(node.inputs[0]!));
  return source ? writerOf(graph, node.inputs[0]!) : node;
}
