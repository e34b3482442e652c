/** Brokers, consumers and agents of one deployment, ended when the test ends. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentSummary } from '../../../src/device/index.ts';
import { leastProtocol } from '../../support/evidence.ts';
import type { Deployment } from './deployment.ts';
import { cutline, freePort, type Running, run } from './processes.ts';

export type BrokerKind = 'aedes' | 'mosquitto';

export interface Fleet {
  readonly url: string;
  broker(): Promise<Running>;
  consumer(settings?: Record<string, unknown>, env?: Record<string, string>): Promise<Running>;
  /** Started, not awaited. */
  agent(settings?: Record<string, unknown>, ...args: string[]): Promise<Running>;
  end(): Promise<void>;
}

export async function fleet(kind: BrokerKind, deployment: Pick<Deployment, 'folder' | 'config'>): Promise<Fleet> {
  await deployment.config('least.yaml', leastProtocol);
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const running: Running[] = [];
  let count = 0;
  const keep = (r: Running) => {
    running.push(r);
    return r;
  };
  const common = { broker: { url }, fleet: 'yard', plan: 'plan.json', threads: 1 };
  return {
    url,
    async broker() {
      if (kind === 'aedes') {
        const broker = keep(cutline('broker', '--port', String(port), '--verbose'));
        await broker.says('Broker ready');
        return broker;
      }
      const conf = join(deployment.folder, 'mosquitto.conf');
      await writeFile(
        conf,
        `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\n`,
      );
      const broker = keep(run('mosquitto', ['-c', conf]));
      await broker.says('running');
      return broker;
    },
    async consumer(settings = {}, env = {}) {
      const config = await deployment.config(`consumer-${count++}.yaml`, { ...common, ...settings });
      const args = ['dist/cli/main.js', 'consumer', '--config', config, '--json'];
      const consumer = keep(run(process.execPath, args, { env: { ...process.env, ...env } }));
      await consumer.says('ready');
      return consumer;
    },
    async agent(settings = {}, ...args) {
      const config = await deployment.config(`agent-${count++}.yaml`, {
        ...common,
        device: 'cam-1',
        protocol: './least.yaml',
        images: ['images'],
        ...settings,
      });
      return keep(cutline('agent', '--config', config, '--json', ...args));
    },
    async end() {
      await Promise.all(running.map((r) => r.stop('SIGKILL')));
    },
  };
}

export function summaryOf(agent: Running): AgentSummary {
  return JSON.parse(agent.stdout()) as AgentSummary;
}
