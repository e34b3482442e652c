/**
 * Shows the device in Home Assistant: announces it whenever there is a connection and whenever Home Assistant starts, and tells it
 * labels. By a connection of its own, as sinks have: a broker that refuses these topics, or hangs up for it, holds up no inference.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  birthTopic,
  type Connection,
  type ConnectOptions,
  discoveryTopic,
  homeAssistantId,
  Link,
  topicOf,
} from '../../broker/index.ts';
import { plainText } from '../../html.ts';
import type { Line } from '../recorder.ts';
import { passes } from '../sinks/index.ts';
import { type Announced, discoveryOf } from './discovery.ts';
import type { HomeAssistantSettings } from './settings.ts';

export interface HomeAssistantOptions extends Announced {
  readonly settings: HomeAssistantSettings;
  readonly connect: ConnectOptions;
  readonly log: (line: string) => void;
  /** Uniform on [0, 1). */
  readonly random?: () => number;
}

export interface HomeAssistant {
  /** Never fails, and waits for nothing. */
  offer(line: Line): void;
  close(): Promise<void>;
}

/** A fleet that is asked at once answers over so long; who is asked again meanwhile answers once. */
const SPREAD_MS = 1000;
/** A state is no longer there. */
const MOST_LETTERS = 255;
/** What is said last has this long. */
const CLOSE_MS = 1000;

export function openHomeAssistant(options: HomeAssistantOptions): HomeAssistant {
  const { settings, connect, fleet, device, random = Math.random } = options;
  const { prefix, filter, everyS, remove } = settings;
  const log = (line: string) => options.log(`homeAssistant: ${line}`);
  const config = discoveryTopic(prefix, homeAssistantId(fleet, device));
  const labels = topicOf(fleet, device, 'label');
  const end = new AbortController();
  let answering: NodeJS.Timeout | undefined;
  let pausing: NodeJS.Timeout | undefined;
  let latest: string | undefined;

  // An empty one takes the device away, and what the broker keeps of it.
  const announce = (connection: Connection) =>
    connection.publish(config, remove ? '' : JSON.stringify(discoveryOf(options)), { qos: 1, retain: true });
  const link = new Link(
    { connect, log },
    {
      async prepare(connection) {
        await connection.subscribe(birthTopic(prefix), 0);
        await announce(connection);
        log(remove ? 'taken out; leave the setting away from now on' : `announced at ${config}`);
      },
      receive(topic, payload) {
        if (topic !== birthTopic(prefix) || payload.toString('latin1') !== 'online' || answering || remove) return;
        answering = setTimeout(() => {
          answering = undefined;
          if (link.connection) void announce(link.connection).catch(() => {});
        }, SPREAD_MS * random());
      },
    },
  );
  // Inference does not hang on it.
  const running = link.run(end.signal).catch((error: unknown) => {
    log(
      `not shown: ${(error as Error).message} An account made with --home-assistant ${prefix} may announce a device.`,
    );
  });

  const say = async () => {
    const text = latest;
    latest = undefined;
    if (text !== undefined) await link.connection?.publish(labels, text, { qos: 0 }).catch(() => {});
  };
  const sayNow = () => {
    void say();
    pausing = setTimeout(() => {
      pausing = undefined;
      if (latest !== undefined) sayNow();
    }, 1000 * everyS);
  };

  return {
    offer({ head }) {
      if (remove || 'error' in head || !passes({ head }, filter && { ...filter, failures: false })) return;
      const { top1, top1Label = String(top1), score = null, at } = head;
      const label = plainText(top1Label).slice(0, MOST_LETTERS);
      latest = JSON.stringify({ format: 'cutline.label/1', label, score, at });
      if (!pausing) sayNow();
    },
    async close() {
      clearTimeout(answering);
      clearTimeout(pausing);
      await Promise.race([say(), sleep(CLOSE_MS, undefined, { ref: false })]);
      end.abort();
      await running;
    },
  };
}
