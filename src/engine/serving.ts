/** The engine of a service: it runs on what its configuration asks for where that is there, and on the processor where it is not. */
import type { Engine } from '../model/engine.ts';
import { GraphBuilder } from '../model/index.ts';
import { createEngine, type EngineOptions } from './create.ts';

/**
 * What is asked for is tried with a graph of one node: that it is part of the runtime does not say that its driver is installed.
 * @param log is told when the processor takes its place
 * @throws CutlineError ENGINE_MISSING
 */
export async function createServingEngine(options: EngineOptions, log: (line: string) => void): Promise<Engine> {
  const { engine: name = 'onnxruntime', executionProvider = 'cpu' } = options;
  const engine = await createEngine(options);
  if (name !== 'onnxruntime' || executionProvider === 'cpu') return engine;
  try {
    const session = await engine.load(oneNode());
    await session.run({ x: { dtype: 'float32', shape: [1], data: new Float32Array(1) } });
    await session.close();
    return engine;
  } catch (error) {
    await engine.close();
    const problem = (error as Error).message;
    log(
      `executionProvider ${executionProvider} cannot be used here; the processor runs the network instead. ${problem}`,
    );
    return createEngine({ ...options, executionProvider: 'cpu' });
  }
}

function oneNode() {
  const graph = new GraphBuilder();
  graph.output(graph.op('Relu', [graph.input('x', 'float32', [1])], {}, 'y'), 'float32', [1]);
  return graph.build();
}
