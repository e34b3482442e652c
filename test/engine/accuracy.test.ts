import { afterAll, describe, expect, it } from 'vitest';
import type { Asked } from '../../src/engine/accuracy.ts';
import { accuracy, createEngine, type Engine } from '../../src/engine/index.ts';
import { float32, GraphBuilder } from '../../src/model/index.ts';

describe('accuracy', async () => {
  const engine = await createEngine({ threads: 1 });
  afterAll(() => engine.close());

  /** Answers with what it is given. */
  const echo = (batch: number) => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [batch, 3]);
    b.output(b.op('Identity', ['x'], {}, 'scores'), 'float32', [batch, 3]);
    return b.build('echo');
  };
  const scores = [
    [0, 1, 2],
    [5, 1, 2],
    [0, 1, 1],
    [0, Number.NaN, 0],
    [-3, -2, -1],
  ];
  const labels = [2, 1, 1, 0, 2];
  const asked = (first: number, count: number, again = 0): Asked => ({
    feeds: { x: float32(scores.slice(first, first + count).flat(), [count, 3]) },
    labels: labels.slice(first, first + count),
    again,
  });
  async function* each(...all: Asked[]) {
    yield* all;
  }

  it('is the share of pictures whose label scores most, the first of equals, and what is no number is wrong', async () => {
    const singly = labels.map((_, i) => asked(i, 1));
    expect(await accuracy(engine, echo(1), each(...singly))).toBe(3 / 5);
    expect(await accuracy(engine, echo(5), each(asked(0, 5)))).toBe(3 / 5);
  });

  it('counts once what is asked about again', async () => {
    // The picture at 2, which is right, is in both.
    expect(await accuracy(engine, echo(3), each(asked(0, 3), asked(2, 3, 1)))).toBe(3 / 5);
  });

  it('is not known of no pictures', async () => {
    expect(await accuracy(engine, echo(1), each())).toBeUndefined();
  });

  it('stops when it is told to, and leaves no session behind', async () => {
    let open = 0;
    const counting: Engine = {
      ...engine,
      load: async (...about) => {
        const session = await engine.load(...about);
        open++;
        const close = async () => {
          open--;
          await session.close();
        };
        return { ...session, run: session.run.bind(session), close };
      },
    };
    const stop = new AbortController();
    async function* stopping() {
      yield asked(0, 1);
      stop.abort();
      yield asked(1, 1);
    }
    await expect(accuracy(counting, echo(1), stopping(), stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(open).toBe(0);
  });
});
