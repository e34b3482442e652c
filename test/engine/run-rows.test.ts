import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, runRows } from '../../src/engine/index.ts';
import { float32, GraphBuilder, int64 } from '../../src/model/index.ts';

describe('rows through a graph of a fixed batch', async () => {
  const engine = await createEngine({ threads: 1 });
  afterAll(() => engine.close());

  const batch = 4;
  const b = new GraphBuilder(17);
  b.input('x', 'float32', [batch, 2]);
  b.input('k', 'int64', [batch]);
  b.output(b.op('Add', ['x', 'x'], {}, 'twice'), 'float32', [batch, 2]);
  b.output(b.op('Neg', ['k'], {}, 'negative'), 'int64', [batch]);
  b.output(b.op('ReduceSum', ['x'], { keepdims: 0 }, 'all'), 'float32', []);
  const session = await engine.load(b.build('rows'));

  it.each([1, 3, 4, 5, 8, 11])('%i of them come back each once, in their types', async (n) => {
    const x = Float32Array.from({ length: 2 * n }, (_, i) => i);
    const k = Array.from({ length: n }, (_, i) => i);
    const out = await runRows(session, batch, { x: float32(x, [n, 2]), k: int64(k) });
    // The sum of all rows of a batch is nobody's.
    expect(Object.keys(out).sort()).toEqual(['negative', 'twice']);
    expect(out.twice).toEqual(
      float32(
        x.map((v) => 2 * v),
        [n, 2],
      ),
    );
    expect(out.negative).toEqual(int64(k.map((v) => -v)));
  });
});
