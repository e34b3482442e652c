/** From a configuration to a running consumer. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { activationsOf, type Connection, connectOptions, consumerHealthTopic, Link, topicOf } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { openOps } from '../ops/index.ts';
import { type AnswerCache, Answers } from './answers.ts';
import { type ConsumerConfig, readConsumerConfig } from './config.ts';
import { Consumer, type ConsumerCounts } from './consumer.ts';
import { healthOf } from './health.ts';
import { KeptAnswers } from './kept-answers.ts';
import { openServed } from './open-served.ts';
import { consumerReport } from './report.ts';
import { openSealing } from './sealing.ts';

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
  readonly planIds: readonly string[];
  readonly seconds: number;
}

/**
 * Runs a consumer until `stop` aborts.
 * @throws CutlineError for a wrong configuration, plan or tail; BROKER_* when it gives up
 */
export async function startConsumer(options: ConsumerStart): Promise<ConsumerSummary> {
  const { log, stop } = options;
  const { config, folder } = await readConsumerConfig(options.configPath, { env: process.env, set: options.set ?? [] });
  const { fleet, qos, healthS } = config;
  const random = randomBytes(4).toString('hex');
  const connect = await connectOptions(config.broker, folder, {
    clientId: `cutline-consumer-${config.group ?? 'tails'}-${random}`,
  });
  const ops = await openOps(config.http, folder, log);
  const startMs = performance.now();
  const { cachePath, cacheEntries: maxEntries, cacheBytes: maxBytes } = config;
  const kept =
    cachePath === undefined
      ? undefined
      : await KeptAnswers.open({ path: resolve(folder, cachePath), maxEntries, maxBytes, now: Date.now, log });
  const answers: AnswerCache = kept ?? new Answers(maxEntries, maxBytes);
  const { served, close } = await openServed(config, folder, log);
  const planIds = served.map((s) => s.planId);
  const end = new AbortController();
  try {
    const { messageKeys } = config;
    const sealing =
      messageKeys === undefined ? undefined : await openSealing(resolve(folder, messageKeys), fleet, log, end.signal);
    const consumer = new Consumer({
      ...config,
      sealing,
      plans: served,
      answers,
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
          for (const id of planIds) await connection.subscribe(filterOf(config, id, connection));
          for (const id of planIds) log(`ready: serving plan ${id} to fleet ${fleet}`);
        },
        onUp: () => options.onReady?.(),
        receive: (topic, payload) => consumer.receive(topic, payload),
      },
    );
    const name = `${(config.group ?? 'consumer').slice(0, 50)}-${random}`;
    const health = healthOf({ name, planIds, everyS: healthS, queue: config.queue, consumer });
    const sayHealth = (leaving: boolean) =>
      link.connection
        ?.publish(consumerHealthTopic(fleet, name), JSON.stringify(health(leaving)), { qos: 0 })
        .catch(() => {});
    const saying = setInterval(() => void sayHealth(false), 1000 * healthS);
    end.signal.addEventListener('abort', () => clearInterval(saying), { once: true });
    ops.follow(consumerReport({ planIds, consumer, isConnected: () => link.connection !== undefined }));
    const leave = async () => {
      const finish = async () => {
        // Shared work must not be given to one that is leaving: first unsubscribe, then finish.
        const { connection } = link;
        if (connection)
          for (const id of planIds) await connection.unsubscribe(filterOf(config, id, connection)).catch(() => {});
        await consumer.drain();
        await sayHealth(true);
      };
      await Promise.race([finish(), sleep(config.drainMs, undefined, { ref: false })]);
      end.abort();
    };
    if (stop.aborted) end.abort();
    else stop.addEventListener('abort', () => void leave(), { once: true });
    await link.run(end.signal);
    const seconds = Math.round(performance.now() - startMs) / 1000;
    return { format: 'cutline.consumer/1', fleet, planIds, seconds, ...consumer.counts };
  } finally {
    end.abort();
    await close();
    await kept?.close();
    await ops.close();
  }
}

function filterOf({ fleet, group, share }: ConsumerConfig, planId: string, connection: Connection): string {
  const isShared = share === 'always' || (share === 'auto' && connection.shared);
  return activationsOf(fleet, planId, isShared ? (group ?? planId) : undefined);
}
