import { describe, expect, it } from 'vitest';
import { createServingEngine } from '../../src/engine/index.ts';
import { GraphBuilder } from '../../src/model/index.ts';

function doubling() {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', [2]);
  graph.output(graph.op('Add', [x, x], {}, 'y'), 'float32', [2]);
  return graph.build();
}

describe('the engine of a service', () => {
  it.each(['cuda', 'coreml'])('runs on the processor where %s is not there, and says so', async (executionProvider) => {
    const said: string[] = [];
    const engine = await createServingEngine({ executionProvider, threads: 1 }, (line) => said.push(line));
    try {
      const session = await engine.load(doubling());
      const { y } = await session.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
      expect(Array.from(y!.data as Float32Array)).toEqual([2, 4]);
      // Where there is a graphics card there is nothing to say.
      if (said.length === 0) return;
      expect(said[0]).toMatch(new RegExp(`^executionProvider ${executionProvider} cannot be used here; the processor`));
      expect(said).toHaveLength(1);
    } finally {
      await engine.close();
    }
  });

  it('says nothing where the processor was asked for', async () => {
    const said: string[] = [];
    await (await createServingEngine({ threads: 1 }, (line) => said.push(line))).close();
    expect(said).toEqual([]);
  });
});
