/**
 * An agent with an outbox on the disk: pictures go through the head into the store whether or not there is a connection, and from
 * there, oldest first, to the cloud. What was stored by an earlier process is sent by the next, and nothing is recorded twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Header } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { type Agent, encoded, inferenceHere, inferenceOf, prepare } from './agent.ts';
import { failed } from './record.ts';
import { isLocal, type Route } from './route.ts';
import { sinceCapture } from './since-capture.ts';
import type { Picture, Source } from './source.ts';
import type { Store } from './store/index.ts';
import type { Uplink } from './uplink.ts';

export interface StoredAgent extends Agent {
  readonly uplink: NonNullable<Agent['uplink']> & Pick<Uplink, 'abandon'>;
  readonly store: Store;
  /** Of what waited, a second; what is new is not held back. */
  readonly catchUpPerS?: number | undefined;
  readonly firstIndex: number;
}

/** An inference without answer stays where it is; how soon it is tried again. */
const AGAIN_MS = 1000;

/**
 * Runs until the source has ended and the store is empty, or `stop` aborts: then what waits stays for the next start.
 * @throws CutlineError what the source, the store, the uplink or `record` fail with
 */
export async function runStoredAgent(agent: StoredAgent, source: Source, stop: AbortSignal): Promise<void> {
  const produced = new AbortController();
  const end = new AbortController();
  const give = () => end.abort();
  stop.addEventListener('abort', give, { once: true });
  try {
    await Promise.all([
      produce(agent, source, end.signal).finally(() => produced.abort()),
      ...agent.routing.all
        .filter((route) => !isLocal(route))
        .flatMap((route) =>
          Array.from({ length: agent.inFlight }, () => deliver(agent, route, produced.signal, end.signal)),
        ),
    ]);
  } catch (error) {
    end.abort();
    agent.uplink.abandon();
    throw error;
  } finally {
    stop.removeEventListener('abort', give);
  }
}

async function produce(agent: StoredAgent, source: Source, stop: AbortSignal): Promise<void> {
  const { record, routing, firstIndex } = agent;
  let count = 0;
  for await (const picture of source) {
    if (stop.aborted) return;
    agent.uplink.check();
    const index = picture.index ?? firstIndex + count;
    try {
      if ('error' in picture) throw picture.error;
      await store(agent, routing.current, picture, { index, count });
    } catch (error) {
      if (!(error instanceof CutlineError) || error.code === 'STORE_INVALID') throw error;
      await record(failed(index, picture.name, error), undefined, picture);
    }
    count++;
  }
}

/**
 * Puts the activation on the disk; a route that keeps everything here answers at once, and takes what failed on another one.
 * @throws CutlineError of head, codec, cap, budget and disk
 */
async function store(
  agent: StoredAgent,
  route: Route,
  picture: Picture,
  at: { readonly index: number; readonly count: number },
): Promise<void> {
  const { record, routing } = agent;
  const { index, count } = at;
  const capturedMs = Date.now();
  const prepared = await prepare(agent, route, picture, count);
  try {
    if (prepared instanceof CutlineError) throw prepared;
    const { headMs, header, activation } = prepared;
    const { name: image, label, sha256 } = picture;
    if (isLocal(route)) {
      const inference = inferenceHere(route.plan, { index, name: image, label }, activation, headMs);
      return await record(inference, activation, picture);
    }
    const startMs = performance.now();
    const tensors = await encoded(route, activation);
    await route.spend();
    const encodeMs = performance.now() - startMs;
    const { planId, correlationId } = header;
    await agent.store.put({
      planId,
      correlationId,
      capturedMs,
      headMs,
      encodeMs,
      index,
      image,
      label,
      sha256,
      tensors,
    });
  } catch (error) {
    if (!(error instanceof CutlineError) || error.code === 'STORE_INVALID') throw error;
    routing.failed(route, error);
    const refuge = routing.refugeFrom(route);
    if (!refuge) throw error;
    await store(agent, refuge, picture, at);
  }
}

/** One lane of a route: what is oldest there, until its answer. */
async function deliver(agent: StoredAgent, route: Route, produced: AbortSignal, stop: AbortSignal): Promise<void> {
  const { store, inFlight, catchUpPerS } = agent;
  while (!stop.aborted) {
    agent.uplink.check();
    const claimed = await store.claim(route.plan.planId);
    if (!claimed) {
      if (produced.aborted) return;
      await store.changed(AbortSignal.any([produced, stop]));
      continue;
    }
    const { waiting } = store.counts;
    const isBacklog = waiting > 2 * inFlight;
    const until = performance.now() + (isBacklog && catchUpPerS !== undefined ? (1000 * inFlight) / catchUpPerS : 0);
    await answer(agent, route, claimed, stop);
    const restMs = until - performance.now();
    if (restMs > 0) await sleep(restMs, undefined, { signal: stop }).catch(() => {});
  }
}

async function answer(agent: StoredAgent, route: Route, { id, stored }: Claimed, stop: AbortSignal): Promise<void> {
  const { store, uplink, record, routing, deviceId, bootId, expiryMs } = agent;
  const { plan, session } = route;
  const { correlationId, index, image, label, sha256, tensors } = stored;
  // When it is sent, not when it was captured: it may have waited for a day.
  const createdMs = Math.round(performance.timeOrigin + performance.now());
  const sequence = id;
  const times = { createdMs, expiresMs: createdMs + expiryMs };
  const header: Header = { planId: plan.planId, deviceId, bootId, sequence, correlationId, ...times };
  const known = { ...(sha256 !== undefined && { sha256 }), id: correlationId };
  try {
    const first = session.write(header, tensors);
    const again = () => session.writeInFull(header, tensors);
    const delivered = await uplink.deliver({ planId: plan.planId, correlationId, first, again });
    routing.answered(route, first.payload.length, delivered);
    const latency = { headMs: stored.headMs, encodeMs: stored.encodeMs, totalMs: sinceCapture(stored, Date.now()) };
    const inference = inferenceOf(plan, { index, name: image, label }, delivered, latency);
    await record(inference, delivered.outcome.outputs, known);
    await store.remove(id);
  } catch (error) {
    if (!(error instanceof CutlineError) || uplink.lost || error.code === 'STORE_INVALID') throw error;
    store.release(id);
    routing.failed(route, error);
    if (error.code === 'CANCELLED' || stop.aborted) return;
    if (error.code === 'NO_ANSWER') {
      await sleep(AGAIN_MS, undefined, { signal: stop }).catch(() => {});
      return;
    }
    // Another try would come to the same.
    await record(failed(index, image, error), undefined, known);
    await store.remove(id);
  }
}

type Claimed = NonNullable<Awaited<ReturnType<Store['claim']>>>;
