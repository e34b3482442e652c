/** Sessions that run where they are called: the same engine to whoever uses it, and a stall that is bounded. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEngine, type Engine, type Session } from '../../src/engine/index.ts';
import { Pace } from '../../src/engine/ort/pace.ts';
import { Channel } from '../../src/engine/remote/channel.ts';
import { float32, type Graph, GraphBuilder } from '../../src/model/index.ts';
import { boundaries } from './contract/boundaries.ts';
import { anyNames } from './contract/names.ts';
import { types } from './contract/types.ts';

const sent = vi.spyOn(Channel.prototype, 'send');
const runsSent = () => sent.mock.calls.filter(([request]) => request.kind === 'run').length;

/** An engine whose every small graph runs near. */
async function nearEngine(): Promise<Engine> {
  const engine = await createEngine({ threads: 1 });
  return {
    name: engine.name,
    hasFloat64: engine.hasFloat64,
    load: (model, options) => engine.load(model, { mostStallMs: 1000, ...options }),
    close: () => engine.close(),
  };
}

describe('engine contract: onnxruntime where it is called', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await nearEngine();
  });
  afterAll(() => engine.close());
  const bench = { fresh: nearEngine, shared: () => engine };
  types(bench, { crash: async () => {} });
  boundaries(bench);
  anyNames(bench);
});

/** Multiplies a row by a square matrix, so many times over. */
function products(size: number, times: number): Graph {
  const b = new GraphBuilder();
  b.input('x', 'float32', [1, size]);
  let x = 'x';
  const w = b.initializer(float32(new Float32Array(size * size).fill(1 / size), [size, size]));
  for (let i = 0; i < times; i++) x = b.op('MatMul', [x, w]);
  b.output(x, 'float32', [1, size]);
  return b.build();
}

const ones = (size: number) => ({ x: float32(new Float32Array(size).fill(1), [1, size]) });

describe('where a graph runs', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterAll(() => engine.close());
  const runsNear = async (session: Session, size: number) => {
    const before = runsSent();
    const [y] = Object.values(await session.run(ones(size)));
    expect(Array.from(y!.data as Float32Array, (v) => Math.round(1000 * v))).toEqual(Array(size).fill(1000));
    return runsSent() === before;
  };

  it('is here, when it is quick and its caller allows a stall', async () => {
    const quick = products(16, 1);
    expect(await runsNear(await engine.load(quick, { mostStallMs: 1 }), 16)).toBe(true);
    expect(await runsNear(await engine.load(quick), 16)).toBe(false);
  });

  it('is the worker, when it takes longer than is allowed', async () => {
    expect(await runsNear(await engine.load(products(1024, 40), { mostStallMs: 0.5 }), 1024)).toBe(false);
  });

  it('is the worker, when a shape is not known', async () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', ['n', 4]);
    b.output(b.op('Identity', ['x']), 'float32', ['n', 4]);
    expect(await runsNear(await engine.load(b.build(), { mostStallMs: 1000 }), 4)).toBe(false);
  });

  it('is the worker for what takes its time: loops, timing, and feeds that stay', async () => {
    const session = await engine.load(products(16, 1), { mostStallMs: 1 });
    const carry = { [session.outputs[0]!.name]: 'x' };
    const [looped] = Object.values(await session.loop(ones(16), { steps: 3, carry }));
    expect(looped!.data).toHaveLength(16);
    expect(await session.time(ones(16), { warmups: 0, repeats: 2 })).toHaveLength(2);
    const held = await session.hold(ones(16));
    expect(Object.keys(await held.run({}))).toHaveLength(1);
    await session.close();
    await expect(session.run(ones(16))).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  });

  it('becomes the worker when runs become slow, with no run lost', async () => {
    const session = await engine.load(products(16, 1), { mostStallMs: 5 });
    expect(await runsNear(session, 16)).toBe(true);
    // The clock says that runs take 8 ms from now on.
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 8));
    for (let i = 0; i < 70; i++) expect(Object.keys(await session.run(ones(16)))).toHaveLength(1);
    clock.mockRestore();
    await vi.waitFor(async () => expect(await runsNear(session, 16)).toBe(false));
  });

  it('ends with its engine', async () => {
    const short = await createEngine({ threads: 1 });
    const session = await short.load(products(16, 1), { mostStallMs: 1 });
    await short.close();
    await expect(session.run(ones(16))).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await expect(short.load(products(16, 1), { mostStallMs: 1 })).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  });

  it('is not decided by one slow run', () => {
    const pace = new Pace(1);
    const slow = (of: number) => Array.from({ length: 64 }, (_, i) => pace.isSlowAfter(i % of === 0 ? 500 : 0.1));
    expect(slow(3)).not.toContain(true);
    expect(slow(1)).toContain(true);
  });
});
