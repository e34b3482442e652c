/** From a configuration to a running consumer. */
import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  activationsOf,
  type Connection,
  connectOptions,
  expectedActivation,
  expectedAnswer,
  Link,
  topicOf,
} from '../broker/index.ts';
import { createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { openOps } from '../ops/index.ts';
import { openPlan, verifyPlan } from '../plan/index.ts';
import { Answers } from './answers.ts';
import { type ConsumerConfig, readConsumerConfig } from './config.ts';
import { Consumer, type ConsumerCounts } from './consumer.ts';
import { consumerReport } from './report.ts';
import { openSealing } from './sealing.ts';
import { loadTail } from './tail.ts';

export interface ConsumerStart {
  readonly configPath: string;
  /** Settings in place of those of the configuration, `PATH=VALUE`. */
  readonly set?: readonly string[] | undefined;
  readonly giveUpAfterS?: number | undefined;
  /** A line for people, about connections and what was dropped. */
  readonly log: (line: string) => void;
  /** Called whenever it is subscribed. */
  readonly onReady?: () => void;
  /** Answer what was admitted and leave. */
  readonly stop: AbortSignal;
}

export interface ConsumerSummary extends ConsumerCounts {
  readonly format: 'cutline.consumer/1';
  readonly fleet: string;
  readonly planId: string;
  readonly seconds: number;
}

/**
 * Runs a consumer until `stop` aborts.
 * @throws CutlineError for a wrong configuration, plan or tail; BROKER_* when it gives up
 */
export async function startConsumer(options: ConsumerStart): Promise<ConsumerSummary> {
  const { log, stop } = options;
  const { config, folder } = await readConsumerConfig(options.configPath, { env: process.env, set: options.set ?? [] });
  const { fleet, qos, threads, executionProvider, engine: name } = config;
  const { plan, path: planPath, commit } = await openPlan(config, folder, Date.now);
  if (!plan.tail)
    throw new CutlineError('TAIL_MISMATCH', { path: planPath, problem: 'it keeps everything on the device' });
  const tailPath =
    config.tail === undefined ? resolve(dirname(planPath), plan.tail.file) : resolve(folder, config.tail);
  const bytes = await readModel(tailPath);
  // The evidence is the device's to judge: it decides what leaves it.
  verifyPlan(plan, { tailSha256: modelSha256(bytes) });
  await commit();
  const connect = await connectOptions(config.broker, folder, {
    clientId: `cutline-consumer-${config.group}-${randomBytes(4).toString('hex')}`,
  });
  const ops = await openOps(config.http, folder, log);
  const startMs = performance.now();
  const engine = await createEngine({ engine: name, executionProvider, ...(threads !== undefined && { threads }) });
  const end = new AbortController();
  try {
    const { messageKeys } = config;
    const sealing =
      messageKeys === undefined ? undefined : await openSealing(resolve(folder, messageKeys), fleet, log, end.signal);
    const consumer = new Consumer({
      ...config,
      sealing,
      planId: plan.planId,
      expected: expectedActivation(plan),
      answered: expectedAnswer(plan),
      tail: await loadTail(plan, bytes, engine),
      answers: new Answers(config.cacheEntries, config.cacheBytes),
      now: Date.now,
      log,
      async reply(device, correlation, payload) {
        if (!link.connection) throw new CutlineError('BROKER_LOST', { url: connect.url, problem: 'not connected' });
        await link.connection.publish(topicOf(fleet, device, 'res'), payload, { qos, correlation });
      },
    });
    const giveUpAfterS = options.giveUpAfterS ?? config.giveUpAfterS;
    const link = new Link(
      { connect, giveUpAfterMs: giveUpAfterS === undefined ? undefined : giveUpAfterS * 1000, log },
      {
        prepare: async (connection) => {
          await connection.subscribe(filterOf(config, connection));
          log(`ready: serving plan ${plan.planId} to fleet ${fleet}`);
        },
        onUp: () => options.onReady?.(),
        receive: (topic, payload) => consumer.receive(topic, payload),
      },
    );
    ops.follow(consumerReport({ planId: plan.planId, consumer, isConnected: () => link.connection !== undefined }));
    const leave = async () => {
      const finish = async () => {
        // Shared work must not be given to one that is leaving: first unsubscribe, then finish.
        await link.connection?.unsubscribe(filterOf(config, link.connection)).catch(() => {});
        await consumer.drain();
      };
      await Promise.race([finish(), sleep(config.drainMs, undefined, { ref: false })]);
      end.abort();
    };
    if (stop.aborted) end.abort();
    else stop.addEventListener('abort', () => void leave(), { once: true });
    await link.run(end.signal);
    const seconds = Math.round(performance.now() - startMs) / 1000;
    return { format: 'cutline.consumer/1', fleet, planId: plan.planId, seconds, ...consumer.counts };
  } finally {
    await engine.close();
    await ops.close();
  }
}

function filterOf({ fleet, group, share }: ConsumerConfig, connection: Connection): string {
  const isShared = share === 'always' || (share === 'auto' && connection.shared);
  return activationsOf(fleet, isShared ? group : undefined);
}
