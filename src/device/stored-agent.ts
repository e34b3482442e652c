/**
 * An agent with an outbox on the disk: pictures go through the head into the store whether or not there is a connection, and from
 * there, oldest first, to the cloud. What was stored by an earlier process is sent by the next, and nothing is recorded twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Header } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { type Agent, encoded, inferenceOf, prepare } from './agent.ts';
import { failed } from './record.ts';
import type { Source } from './source.ts';
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
      ...Array.from({ length: agent.inFlight }, () => deliver(agent, produced.signal, end.signal)),
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
  const { store, plan, record, spend, firstIndex } = agent;
  let count = 0;
  for await (const picture of source) {
    if (stop.aborted) return;
    agent.uplink.check();
    const index = picture.index ?? firstIndex + count;
    const capturedMs = Date.now();
    const prepared = await prepare(agent, picture, count++);
    if ('error' in prepared) {
      await record({ ...prepared, index }, undefined, picture);
      continue;
    }
    const startMs = performance.now();
    try {
      const tensors = await encoded(agent, prepared.activation);
      await spend();
      const encodeMs = performance.now() - startMs;
      const { headMs, header } = prepared;
      const { name: image, label, sha256 } = prepared.picture;
      const told = { planId: plan.planId, correlationId: header.correlationId, capturedMs, headMs, encodeMs };
      await store.put({ ...told, index, image, label, sha256, tensors });
    } catch (error) {
      if (!(error instanceof CutlineError) || error.code === 'STORE_INVALID') throw error;
      await record(failed(index, picture.name, error), undefined, picture);
    }
  }
}

/** One lane: what is oldest, until its answer. */
async function deliver(agent: StoredAgent, produced: AbortSignal, stop: AbortSignal): Promise<void> {
  const { store, inFlight, catchUpPerS } = agent;
  while (!stop.aborted) {
    agent.uplink.check();
    const claimed = await store.claim();
    if (!claimed) {
      if (produced.aborted) return;
      await store.changed(AbortSignal.any([produced, stop]));
      continue;
    }
    const { waiting } = store.counts;
    const isBacklog = waiting > 2 * inFlight;
    const until = performance.now() + (isBacklog && catchUpPerS !== undefined ? (1000 * inFlight) / catchUpPerS : 0);
    await answer(agent, claimed, stop);
    const restMs = until - performance.now();
    if (restMs > 0) await sleep(restMs, undefined, { signal: stop }).catch(() => {});
  }
}

async function answer(agent: StoredAgent, { id, stored }: Claimed, stop: AbortSignal): Promise<void> {
  const { store, session, uplink, record, deviceId, bootId, expiryMs, plan } = agent;
  const { correlationId, index, image, label, sha256, tensors, capturedMs } = stored;
  // When it is sent, not when it was captured: it may have waited for a day.
  const createdMs = Math.round(performance.timeOrigin + performance.now());
  const sequence = id;
  const times = { createdMs, expiresMs: createdMs + expiryMs };
  const header: Header = { planId: plan.planId, deviceId, bootId, sequence, correlationId, ...times };
  const known = { ...(sha256 !== undefined && { sha256 }), id: correlationId };
  try {
    const first = session.write(header, tensors);
    const delivered = await uplink.deliver({ correlationId, first, again: () => session.writeInFull(header, tensors) });
    const latency = { headMs: stored.headMs, encodeMs: stored.encodeMs, totalMs: Date.now() - capturedMs };
    const inference = inferenceOf(plan, { index, name: image, label }, delivered, latency);
    await record(inference, delivered.outcome.outputs, known);
    await store.remove(id);
  } catch (error) {
    if (!(error instanceof CutlineError) || uplink.lost || error.code === 'STORE_INVALID') throw error;
    store.release(id);
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
