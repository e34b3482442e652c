/** Lines to a topic, by a connection of their own: the one of the agent has activations to carry, and may go elsewhere. */
import { type ConnectOptions, Link } from '../../broker/index.ts';
import { CutlineError } from '../../errors.ts';
import type { MqttSettings } from './settings.ts';
import { type Delivery, Undelivered } from './sink.ts';

export interface MqttOptions extends Pick<MqttSettings, 'qos' | 'retain'> {
  readonly connect: ConnectOptions;
  readonly topic: string;
  readonly log: (line: string) => void;
}

export function mqttDelivery({ connect, topic, qos, retain, log }: MqttOptions): Delivery {
  const end = new AbortController();
  let refused: string | undefined;
  const link = new Link({ connect, log }, { prepare: async () => {}, receive: () => {} });
  const running = link.run(end.signal).catch((error: unknown) => {
    refused = (error as Error).message;
    log(refused);
  });
  return {
    async deliver(text, _id, signal) {
      if (refused !== undefined) throw new Undelivered(refused, { isFinal: true });
      const { connection } = link;
      if (!connection) throw new Undelivered(`no connection to ${connect.url}`);
      const given = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Undelivered('no time left')), { once: true }),
      );
      given.catch(() => {});
      try {
        await Promise.race([connection.publish(topic, text, { qos, retain }), given]);
      } catch (error) {
        if (!(error instanceof CutlineError)) throw error;
        throw new Undelivered(error.message, { isFinal: error.code !== 'BROKER_LOST' });
      }
    },
    async close() {
      end.abort();
      await running;
    },
  };
}
