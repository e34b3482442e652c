/**
 * The agent: the trusted side. Takes pictures from a source, runs the head, defends and encodes the activation, sends it,
 * and waits for the answer. As many pictures are under way as there are lanes, and a lane has one at a time: from the source to
 * its record. What an agent says to the broker is `uplink.ts`, waiting is `outbox.ts`.
 */
import { randomBytes } from 'node:crypto';
import { type Codec, type EncodedTensor, type Header, ID_BYTES, Permits } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/tensor.ts';
import type { Plan } from '../plan/index.ts';
import type { CapCheck } from './cap.ts';
import type { Head } from './head.ts';
import type { InputReader } from './inputs.ts';
import type { Delivered } from './outbox.ts';
import { type Failed, failed, type Inference, type Known, type Latency, round, top1 } from './record.ts';
import type { Session } from './session.ts';
import type { Picture, Source, Unread } from './source.ts';
import type { Spend } from './spending.ts';
import type { Uplink } from './uplink.ts';

export interface Agent {
  readonly plan: Plan;
  readonly deviceId: string;
  readonly bootId: string;
  readonly expiryMs: number;
  /** Pictures under way at once, waiting for their answers. */
  readonly inFlight: number;
  readonly inputs: Pick<InputReader, 'read'>;
  readonly head: Head;
  readonly codec: Codec;
  readonly session: Session;
  /** Before each send, too. */
  readonly checkCap: CapCheck;
  /** Before each send; what it refuses is not sent. */
  readonly spend: Spend;
  /** Undefined where the plan keeps everything on the device. */
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
  const failures: unknown[] = [];
  let [index, ended] = [0, false];
  const next = async () => {
    if (ended || stop.aborted || failures.length > 0) return undefined;
    agent.uplink?.check();
    const { value: picture, done } = await pictures.next();
    ended = done === true;
    return done ? undefined : prepare(agent, picture, index++);
  };
  // A lane that waits for an answer takes no picture: decoding one would take the processor from what is awaited.
  const lane = async () => {
    try {
      for (let taken = await turn.use(next); taken; taken = await turn.use(next)) {
        if ('error' in taken) await agent.record(taken);
        else await finish(agent, taken);
      }
    } catch (error) {
      failures.push(error);
      // Another lane may be waiting for a picture that never comes.
      await pictures.return?.();
    }
  };
  await Promise.all(Array.from({ length: agent.inFlight }, lane));
  if (failures.length > 0) throw failures[0];
}

interface Prepared {
  readonly index: number;
  readonly picture: Picture;
  readonly header: Header;
  readonly startMs: number;
  readonly headMs: number;
  readonly activation: Tensors;
}

/** Runs the head: one at a time, on the engine's thread. */
export async function prepare(agent: Agent, picture: Picture | Unread, index: number): Promise<Prepared | Failed> {
  if ('error' in picture) return failed(index, picture.name, picture.error);
  const { plan, head, deviceId, bootId, expiryMs } = agent;
  const input = await agent.inputs.read(picture.pixels);
  // A clock that is set while the agent runs must not make its messages older than they are.
  const createdMs = Math.round(performance.timeOrigin + performance.now());
  const correlationId = randomBytes(ID_BYTES).toString('hex');
  const expiresMs = createdMs + expiryMs;
  const header = { planId: plan.planId, deviceId, bootId, sequence: index, correlationId, createdMs, expiresMs };
  const startMs = performance.now();
  try {
    const activation = await head.run(input);
    return { index, picture, header, startMs, activation, headMs: performance.now() - startMs };
  } catch (error) {
    if (!(error instanceof CutlineError)) throw error;
    return failed(index, picture.name, error);
  }
}

async function finish(agent: Agent, prepared: Prepared): Promise<void> {
  const { uplink, plan, record } = agent;
  const { index, picture, activation, startMs } = prepared;
  let answer: Awaited<ReturnType<typeof ask>>;
  try {
    answer = uplink ? await ask(agent, uplink, prepared) : local(activation, prepared.headMs);
  } catch (error) {
    if (!(error instanceof CutlineError) || uplink?.lost) throw error;
    await record(failed(index, picture.name, error));
    return;
  }
  const { outputs, latency, tries } = answer;
  const total = round(performance.now() - startMs);
  await record(named(plan, index, picture, outputs, { ...latency, total }, tries), outputs);
}

/** @param waited what an inference took before it was sent, and in all */
export function inferenceOf(
  plan: Plan,
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
  plan: Plan,
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
  };
}

/** Encodes, sends and waits. */
async function ask(
  { codec, checkCap, spend, session }: Agent,
  uplink: NonNullable<Agent['uplink']>,
  { header, headMs, activation }: Prepared,
) {
  const encodeStartMs = performance.now();
  const tensors = await encoded({ codec, checkCap }, activation);
  await spend();
  const first = session.write(header, tensors);
  const again = () => session.writeInFull(header, tensors);
  const encodeMs = performance.now() - encodeStartMs;
  const { outcome, sentMs, arrivedMs, tries } = await uplink.deliver({
    correlationId: header.correlationId,
    first,
    again,
  });
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
  { codec, checkCap }: Pick<Agent, 'codec' | 'checkCap'>,
  activation: Tensors,
): Promise<EncodedTensor[]> {
  const tensors = await Promise.all(Object.entries(activation).map(([name, tensor]) => codec.encode(name, tensor)));
  checkCap(tensors);
  return tensors;
}

/** The whole network ran here. */
function local(outputs: Tensors, headMs: number) {
  return { outputs, latency: { head: round(headMs), encode: 0, network: 0, tail: 0 }, tries: 0 };
}
