/**
 * The agent: the trusted side. Takes pictures from a source, runs the head, defends and encodes the activation, sends it,
 * and waits for the answer. A lane has one picture at a time, from the source to its record, on the route that is current when it
 * starts; each route has places for as many as may be under way. What an agent says to the broker is `uplink.ts`, waiting is `outbox.ts`.
 */
import { randomBytes } from 'node:crypto';
import { type EncodedTensor, type Header, ID_BYTES, Permits } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/tensor.ts';
import type { RoutePlan } from '../plan/index.ts';
import type { InputReader } from './inputs.ts';
import type { Delivered } from './message.ts';
import { Places } from './places.ts';
import { type Failed, failed, type Inference, type Known, type Latency, round, top1 } from './record.ts';
import { isLocal, type Route } from './route.ts';
import type { Routing } from './routing.ts';
import type { Picture, Source, Unread } from './source.ts';
import type { Uplink } from './uplink.ts';

export interface Agent {
  readonly deviceId: string;
  readonly bootId: string;
  readonly expiryMs: number;
  /** Pictures under way at once on a route, waiting for their answers. */
  readonly inFlight: number;
  readonly inputs: Pick<InputReader, 'read'>;
  readonly routing: Routing;
  /** Undefined where no route sends anything. */
  readonly uplink: Pick<Uplink, 'check' | 'deliver' | 'lost'> | undefined;
  /** Called for every inference, in the order in which they end. A throw ends the run. */
  readonly record: (inference: Inference | Failed, outputs?: Tensors, known?: Known) => Promise<void>;
}

/**
 * Runs until the source ends or `stop` aborts; then what is under way is finished first.
 * @throws CutlineError what the uplink or `record` fail with; a picture that cannot be read and a failed inference are
 * only recorded
 */
export async function runAgent(agent: Agent, source: Source, stop: AbortSignal): Promise<void> {
  const pictures = source[Symbol.asyncIterator]();
  const turn = new Permits(1);
  const places = new Places(agent.routing, agent.inFlight);
  const failures: unknown[] = [];
  let [index, ended] = [0, false];
  const next = async () => {
    // A lane that waits for an answer takes no picture: decoding one would take the processor from what is awaited.
    await places.free();
    if (ended || stop.aborted || failures.length > 0) return undefined;
    agent.uplink?.check();
    const { value: picture, done } = await pictures.next();
    ended = done === true;
    return done ? undefined : begin(agent, places, picture, index++);
  };
  const lane = async () => {
    try {
      for (let taken = await turn.use(next); taken; taken = await turn.use(next)) {
        if ('error' in taken) await agent.record(taken);
        else await finish(agent, taken).finally(() => places.leave(taken.route));
      }
    } catch (error) {
      failures.push(error);
      // Another lane may be waiting for a picture that never comes.
      await pictures.return?.();
    }
  };
  await Promise.all(Array.from({ length: agent.inFlight * agent.routing.all.length }, lane));
  if (failures.length > 0) throw failures[0];
}

/** A picture that has passed the head of its route. */
interface Prepared {
  readonly index: number;
  readonly picture: Picture;
  readonly route: Route;
  readonly header: Header;
  readonly startMs: number;
  readonly headMs: number;
  readonly activation: Tensors;
}

interface Taken extends Pick<Prepared, 'index' | 'picture' | 'route' | 'startMs'> {
  /** Or what the head failed with. */
  readonly made: Prepared | CutlineError;
}

async function begin(agent: Agent, places: Places, picture: Picture | Unread, index: number): Promise<Taken | Failed> {
  if ('error' in picture) return failed(index, picture.name, picture.error);
  const route = await places.take();
  const startMs = performance.now();
  return { index, picture, route, startMs, made: await prepare(agent, route, picture, index) };
}

/** Runs the head: one at a time, on the engine's thread. */
export async function prepare(
  agent: Agent,
  route: Route,
  picture: Picture,
  index: number,
): Promise<Prepared | CutlineError> {
  const { deviceId, bootId, expiryMs, routing } = agent;
  const { planId } = route.plan;
  const input = await agent.inputs.read(picture.pixels);
  // A clock that is set while the agent runs must not make its messages older than they are.
  const createdMs = Math.round(performance.timeOrigin + performance.now());
  const correlationId = randomBytes(ID_BYTES).toString('hex');
  const expiresMs = createdMs + expiryMs;
  const header = { planId, deviceId, bootId, sequence: index, correlationId, createdMs, expiresMs };
  const startMs = performance.now();
  try {
    const activation = await route.head.run(input);
    const headMs = performance.now() - startMs;
    routing.ran(route, headMs);
    return { index, picture, route, header, startMs, activation, headMs };
  } catch (error) {
    if (!(error instanceof CutlineError)) throw error;
    return error;
  }
}

async function finish(agent: Agent, taken: Taken): Promise<void> {
  const { record, routing } = agent;
  const { index, picture, route } = taken;
  const found = await outcomeOf(agent, taken.made);
  if (!(found instanceof CutlineError)) return found.record(record, (taken.made as Prepared).startMs);
  routing.failed(route, found);
  const refuge = routing.refugeFrom(route);
  const instead = refuge && (await outcomeOf(agent, await prepare(agent, refuge, picture, index)));
  if (instead && !(instead instanceof CutlineError)) return instead.record(record, taken.startMs);
  await record(failed(index, picture.name, found));
}

/** The answer, of the cloud or of a route that keeps everything here; or what it failed with. */
async function outcomeOf(agent: Agent, made: Prepared | CutlineError) {
  if (made instanceof CutlineError) return made;
  const { uplink } = agent;
  const { index, picture, route, activation, headMs } = made;
  try {
    const answer = isLocal(route) || !uplink ? local(activation, headMs) : await ask(agent, uplink, made);
    const { outputs, latency, tries } = answer;
    return {
      record(record: Agent['record'], startMs: number) {
        const total = round(performance.now() - startMs);
        return record(named(route.plan, index, picture, outputs, { ...latency, total }, tries), outputs);
      },
    };
  } catch (error) {
    if (!(error instanceof CutlineError) || uplink?.lost) throw error;
    return error;
  }
}

/** @param waited what an inference took before it was sent, and in all */
export function inferenceOf(
  plan: RoutePlan,
  { index, ...picture }: Pick<Picture, 'name' | 'label'> & { readonly index: number },
  { outcome, sentMs, arrivedMs, tries }: Delivered,
  waited: { readonly headMs: number; readonly encodeMs: number; readonly totalMs: number },
): Inference {
  const tailMs = outcome.queueMs + outcome.tailMs + outcome.decodeMs;
  const latency: Latency = {
    head: round(waited.headMs),
    encode: round(waited.encodeMs),
    network: round(Math.max(0, arrivedMs - sentMs - tailMs)),
    tail: round(tailMs),
    total: round(waited.totalMs),
  };
  return named(plan, index, picture, outcome.outputs, latency, tries);
}

function named(
  plan: RoutePlan,
  index: number,
  { name, label }: Pick<Picture, 'name' | 'label'>,
  outputs: Tensors,
  latencyMs: Latency,
  tries: number,
): Inference {
  const best = top1(outputs);
  const labels = plan.picture?.labels;
  return {
    index,
    image: name,
    ...(label !== undefined && { label }),
    top1: best,
    ...(labels?.[best] !== undefined && { top1Label: labels[best] }),
    latencyMs,
    tries,
    planId: plan.planId,
  };
}

/** Encodes, sends and waits. */
async function ask(
  { routing }: Agent,
  uplink: NonNullable<Agent['uplink']>,
  { route, header, headMs, activation }: Prepared,
) {
  const { session, spend } = route;
  const encodeStartMs = performance.now();
  const tensors = await encoded(route, activation);
  await spend();
  const first = session.write(header, tensors);
  const again = () => session.writeInFull(header, tensors);
  const encodeMs = performance.now() - encodeStartMs;
  const { planId, correlationId } = header;
  const delivered = await uplink.deliver({ planId, correlationId, first, again });
  routing.answered(route, first.payload.length, delivered);
  const { outcome, sentMs, arrivedMs, tries } = delivered;
  const tailMs = outcome.queueMs + outcome.tailMs + outcome.decodeMs;
  const latency: Omit<Latency, 'total'> = {
    head: round(headMs),
    encode: round(encodeMs + performance.now() - arrivedMs),
    network: round(Math.max(0, arrivedMs - sentMs - tailMs)),
    tail: round(tailMs),
  };
  return { outputs: outcome.outputs, latency, tries };
}

export async function encoded(
  { codec, checkCap }: Pick<Route, 'codec' | 'checkCap'>,
  activation: Tensors,
): Promise<EncodedTensor[]> {
  const tensors = await Promise.all(Object.entries(activation).map(([name, tensor]) => codec.encode(name, tensor)));
  checkCap(tensors);
  return tensors;
}

/** Of an inference that a route answers which keeps everything here. */
export function inferenceHere(
  plan: RoutePlan,
  { index, ...picture }: Pick<Picture, 'name' | 'label'> & { readonly index: number },
  outputs: Tensors,
  headMs: number,
): Inference {
  const { latency, tries } = local(outputs, headMs);
  return named(plan, index, picture, outputs, { ...latency, total: round(headMs) }, tries);
}

/** The whole network ran here. */
function local(outputs: Tensors, headMs: number) {
  return { outputs, latency: { head: round(headMs), encode: 0, network: 0, tail: 0 }, tries: 0 };
}
