/** Who is told of each inference, as it ends. */
import { resolve } from 'node:path';
import { Backoff, type BrokerSettings, connectOptions, topicOf } from '../../broker/index.ts';
import { CutlineError } from '../../errors.ts';
import { readToken } from '../../secrets.ts';
import type { Line } from '../recorder.ts';
import { fileDelivery } from './file.ts';
import { passes } from './filter.ts';
import { mqttDelivery } from './mqtt.ts';
import { SinkQueue } from './queue.ts';
import type { SinkSettings } from './settings.ts';
import type { Delivery, SinkCounts } from './sink.ts';
import { stdoutDelivery } from './stdout.ts';
import { webhookDelivery } from './webhook.ts';

export { passes } from './filter.ts';
export { filterSchema, type SinkSettings, sinkSchema } from './settings.ts';
export type { SinkCounts } from './sink.ts';

export interface SinkContext {
  readonly fleet: string;
  readonly device: string;
  /** The agent's, for MQTT where nothing else is said. */
  readonly broker: BrokerSettings;
  /** What paths in the settings are relative to. */
  readonly folder: string;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
}

export interface Sink {
  readonly type: SinkSettings['type'];
  readonly counts: Readonly<SinkCounts>;
  /** Never fails, and waits for standard output and files only. */
  offer(line: Line): Promise<void>;
  /** Delivers what waits, within bounds of time. */
  close(): Promise<void>;
}

/** @throws CutlineError OUTPUT_NOT_WRITABLE, FILE_*, SECRET_EXPOSED, CONFIG_INVALID: what can be known at once */
export async function openSink(settings: SinkSettings, number: number, context: SinkContext): Promise<Sink> {
  const { fleet, device, stop } = context;
  const name = `sink ${number + 1} (${settings.type})`;
  const log = (line: string) => context.log(`${name}: ${line}`);
  const { type, filter } = settings;
  const delivery = await deliveryOf(settings, number, { ...context, log });
  const queue = new SinkQueue({
    name,
    delivery,
    queue: 'queue' in settings ? settings.queue : STDOUT_LINES,
    retries: 'retries' in settings ? settings.retries : Number.POSITIVE_INFINITY,
    isPatient: type === 'stdout' || type === 'file',
    // Files and brokers that are back take up where they were; whoever is called may be one of many.
    backoff: new Backoff({ firstMs: 500, maxMs: type === 'webhook' ? 60_000 : 5000 }),
    log: context.log,
    stop,
  });
  // Who reads a file of this device knows whose it is.
  const whose = type === 'mqtt' || type === 'webhook' ? { format: 'cutline.result/1', fleet, device } : {};
  return {
    type,
    counts: queue.counts,
    async offer(line) {
      if (!passes(line, filter)) {
        queue.counts.filtered++;
        return;
      }
      const { head, outputs } = line;
      await queue.offer(JSON.stringify({ ...whose, ...head, ...(settings.outputs && { outputs }) }));
    },
    close: () => queue.close(),
  };
}

/** @throws CutlineError USAGE where both a sink and the summary want it */
export function checkStdout(sinks: readonly SinkSettings[], isTaken = false): void {
  const wanting = sinks.filter(({ type }) => type === 'stdout').length;
  if (wanting === 0 || (wanting === 1 && !isTaken)) return;
  const other = isTaken ? '--json prints its one document there' : 'another one has it';
  throw new CutlineError('USAGE', { problem: `sinks: stdout cannot be had, since ${other}` });
}

/** Reads what the sinks would read, and calls nobody. @throws CutlineError FILE_*, SECRET_EXPOSED, CONFIG_INVALID */
export async function checkSinks(
  sinks: readonly SinkSettings[],
  { broker, folder }: Pick<SinkContext, 'broker' | 'folder'>,
): Promise<void> {
  for (const sink of sinks) {
    if (sink.type === 'mqtt') await connectOptions(sink.broker ?? broker, folder, { clientId: 'cutline-check' });
    if (sink.type === 'webhook' && sink.tokenFile !== undefined) await readToken(resolve(folder, sink.tokenFile));
  }
}

/** Lines between the agent and a pipe. */
const STDOUT_LINES = 64;

async function deliveryOf(settings: SinkSettings, number: number, context: SinkContext): Promise<Delivery> {
  const { fleet, device, folder, log } = context;
  switch (settings.type) {
    case 'stdout':
      return stdoutDelivery();
    case 'file':
      return fileDelivery(resolve(folder, settings.path), settings);
    case 'mqtt': {
      const { topic = topicOf(fleet, device, 'result'), qos, retain } = settings;
      // Numbered, since a second client of one name takes the place of the first.
      const clientId = `cutline-result-${fleet}-${device}-${number}`;
      const connect = await connectOptions(settings.broker ?? context.broker, folder, { clientId });
      return mqttDelivery({ connect, topic, qos, retain, log });
    }
    case 'webhook': {
      const { tokenFile } = settings;
      const token = tokenFile === undefined ? undefined : await readToken(resolve(folder, tokenFile));
      return webhookDelivery(settings, token);
    }
    default:
      return settings satisfies never;
  }
}
