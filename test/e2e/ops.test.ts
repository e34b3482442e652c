/** What an agent and its consumer tell whoever watches them, while they work and while the broker is away. */
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet } from './support/fleet.ts';
import { freePort } from './support/processes.ts';

let f: Fleet | undefined;
let deployment: Deployment | undefined;
afterEach(async () => {
  await f?.end();
  await deployment?.remove();
});

const ask = async (port: number, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  return response && ([response.status, await response.text()] as const);
};

describe('agent and consumer, watched', () => {
  it('count what they do, are ready while connected, and well throughout', { timeout: 60_000 }, async () => {
    deployment = await deploy({ images: 3 });
    f = await fleet('aedes', deployment);
    const broker = await f.broker();
    const [agentPort, consumerPort] = [await freePort(), await freePort()];
    await f.consumer({ http: { port: consumerPort } });
    const watcher = await connectAsync(f.url);
    const health: unknown[] = [];
    watcher.on('message', (_topic, payload) => health.push(JSON.parse(payload.toString())));
    await watcher.subscribeAsync('cutline/v1/yard/cam-1/health');
    const source = { type: 'watch', folder: 'images', settleMs: 0 };
    await f.agent({ http: { port: agentPort }, images: [], source, healthS: 1 });
    await expect
      .poll(async () => (await ask(agentPort, '/metrics'))?.[1], { timeout: 20_000 })
      .toMatch(/^cutline_inferences_total\{outcome="answered"\} 3$/m);
    const [, agent] = (await ask(agentPort, '/metrics'))!;
    expect(agent).toMatch(/^cutline_connected 1$/m);
    expect(agent).toMatch(/^cutline_inference_seconds_count 3$/m);
    expect(agent).not.toMatch(/0000\.png/);
    const [, consumer] = (await ask(consumerPort, '/metrics'))!;
    expect(consumer).toMatch(/^cutline_answered_total 3$/m);
    expect(consumer).toMatch(/^cutline_queue_activations 0$/m);
    expect(consumer).not.toMatch(/cam-1/);
    for (const port of [agentPort, consumerPort]) expect(await ask(port, '/readyz')).toEqual([200, 'ready\n']);
    const told = { inferences: { answered: 3, failed: 0 }, source: { dropped: 0 }, outbox: null };
    await expect.poll(() => health.at(-1), { timeout: 5000 }).toMatchObject(told);
    await watcher.endAsync();
    await broker.stop('SIGKILL');
    for (const port of [agentPort, consumerPort]) {
      await expect.poll(() => ask(port, '/readyz'), { timeout: 5000 }).toEqual([503, 'waiting for the broker\n']);
      expect(await ask(port, '/healthz')).toEqual([200, 'ok\n']);
    }
  });
});
