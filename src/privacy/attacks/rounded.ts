/**
 * Heads that round, as white-box attackers descend through them: the gradient of rounding is zero, which must not pass for safety.
 * Rounding is left out; or left out, and all that would be rounded to what was seen is as likely; or passed straight through.
 * Which is best hangs on the head: attacks try it on pictures of their own.
 */
import { isRelaxed, type Relaxation, relaxRounding } from '../../autodiff/index.ts';
import { type Engine, runRows } from '../../engine/index.ts';
import { asFloat32, float32, type Graph, inferShapes, type Tensor } from '../../model/index.ts';
import { isRandom, type Likelihood, type Look } from '../mechanisms/index.ts';
import type { DescentContext } from './attack.ts';

const known = new WeakMap<Graph, Map<Relaxation, Promise<Graph>>>();

/** The head without rounding, or with rounding that is passed; the same object where it rounds nothing. @param head shapes known */
export function relaxedHead(head: Graph, way: Relaxation, engine: Engine): Promise<Graph> {
  const ways = known.get(head) ?? new Map<Relaxation, Promise<Graph>>();
  known.set(head, ways);
  const made = ways.get(way) ?? make(head, way, engine);
  ways.set(way, made);
  // What failed is tried again.
  made.catch(() => ways.delete(way));
  return made;
}

async function make(head: Graph, way: Relaxation, engine: Engine): Promise<Graph> {
  const relaxed = relaxRounding(head, way);
  return relaxed === head ? head : inferShapes(relaxed, engine);
}

/** Pictures of the attacker's own by which it is told how far rounding moves what is seen. */
const measured = 8;

/** Further ways of looking at a device whose head rounds; none where it does not. */
export async function looksAtRounding(context: DescentContext): Promise<readonly Look[]> {
  const { view } = context;
  if (!isRelaxed(await context.head(1))) return [];
  const straight: Look = { name: 'straight through', head: 'straight', likelihood: view.likelihood };
  const { mechanism } = view;
  // Where something random comes after, or something else that rounds, its own law tells more.
  if (isRandom(mechanism) || mechanism.stages.some((s) => s.stage.slack)) return [straight];
  return [{ name: 'slack', head: 'relaxed', likelihood: await slackOf(context) }, straight];
}

/**
 * All that is as near as rounding moves anything is as likely: half a level, where a rounded value is what is sent. Measured for
 * each channel, so that it holds whatever comes after the rounding.
 */
async function slackOf({ head, examples, engine, signal }: DescentContext): Promise<Likelihood> {
  const n = Math.min(measured, examples.count);
  const [pictures, seen] = [await examples.pictures(0, n), await examples.seen(0, n)];
  const graph = await head(n);
  const session = await engine.load(graph, signal ? { signal } : {});
  try {
    const made = await runRows(session, n, { [graph.inputs[0]!.name]: pictures }, signal);
    const slacks = new Map(Object.entries(seen).map(([name, t]) => [name, farthest(t, made[name]!)]));
    const key = [...slacks].map(([name, { data }]) => [name, Array.from(data as Float32Array)]);
    return { kind: 'within', key, slack: (b, { name }) => b.initializer(slacks.get(name!)!) };
  } finally {
    await session.close();
  }
}

/** Greatest distance in each channel, as [1, c, 1, …]. */
function farthest(a: Tensor, b: Tensor): Tensor {
  const [n = 1, channels = 1, ...rest] = a.shape;
  const [x, y] = [asFloat32(a), asFloat32(b)];
  const size = x.length / (n * channels);
  const most = new Float32Array(channels);
  for (let i = 0; i < x.length; i++) {
    const c = Math.floor(i / size) % channels;
    most[c] = Math.max(most[c]!, Math.abs(x[i]! - y[i]!));
  }
  return float32(most, a.shape.length < 2 ? [1] : [1, channels, ...rest.map(() => 1)]);
}
