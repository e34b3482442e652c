/**
 * `npm run test:faults`: thousands of inferences while broker, consumer and agent are killed with -9 at random, and the link is cut,
 * slowed, swallowed and reset in the middle of packets. Nothing may be lost, doubled or wrong. FAULTS_IMAGES and
 * FAULTS_SEED make it shorter and repeat it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32 } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { type Deployment, deploy } from '../e2e/support/deployment.ts';
import { type BrokerKind, type Fleet, fleet } from '../e2e/support/fleet.ts';
import { mosquittoMissing, type Running } from '../e2e/support/processes.ts';
import { startProxy, type TcpProxy } from '../support/proxy.ts';
import { mostResidentBytes } from './resident.ts';

const images = Number(process.env.FAULTS_IMAGES ?? 10_000);
const seed = Number(process.env.FAULTS_SEED ?? 1);
const deaths = 20;

let deployment: Deployment | undefined;
let f: Fleet | undefined;
let proxy: TcpProxy | undefined;
afterEach(async () => {
  await f?.end();
  await proxy?.close();
  await deployment?.remove();
});

describe.each<{ kind: BrokerKind }>([{ kind: 'aedes' }, { kind: 'mosquitto' }])('over $kind', ({ kind }) => {
  it(`answers ${images} pictures once and rightly`, async (context) => {
    const missing = kind === 'mosquitto' && mosquittoMissing();
    if (missing) return context.skip(missing);
    deployment = await deploy({ images });
    const right = await answersOf(deployment);
    f = await fleet(kind, deployment);
    proxy = await startProxy(Number(new URL(f.url).port));
    const results = join(deployment.folder, 'results.jsonl');
    const settings = {
      broker: { url: `mqtt://127.0.0.1:${proxy.port}`, keepaliveS: 5 },
      outbox: { path: 'outbox' },
      inFlight: 32,
      timeoutMs: 500,
    };
    const running: Record<'broker' | 'consumer' | 'agent', Running> = {
      broker: await f.broker(),
      consumer: await f.consumer(),
      agent: await f.agent(settings, '--results', results),
    };
    const again = {
      broker: () => f!.broker(),
      consumer: () => f!.consumer(),
      agent: () => f!.agent(settings, '--results', results),
    };
    const random = createRandom(seed);
    const upTo = (n: number) => random.int(n);
    for (let i = 0; i < deaths; i++) {
      for (const who of ['broker', 'consumer', 'agent'] as const) {
        await sleep(200 + upTo(1500));
        await running[who].stop('SIGKILL');
        await sleep(upTo(500));
        running[who] = await again[who]();
      }
      await misbehave(proxy, i, upTo);
    }
    for (let patience = 100; (await running.agent.ended) !== 0 && patience > 0; patience--)
      running.agent = await again.agent();
    const lines = (await readFile(results, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const answered = lines.filter((line) => !line.error);
    const byName = new Map(answered.map((line) => [line.image, line.top1]));
    expect({ lost: images - byName.size, doubled: answered.length - byName.size }).toEqual({ lost: 0, doubled: 0 });
    expect([...byName].filter(([image, top1]) => right.get(image) !== top1)).toEqual([]);
    expect(await mostResidentBytes(running.consumer)).toBeLessThan(400e6);
  }, 3_600_000);
});

async function misbehave(link: TcpProxy, i: number, upTo: (n: number) => number): Promise<void> {
  switch (i % 4) {
    case 0:
      link.cutAfter(upTo(100_000));
      return;
    case 1:
      link.bytesPerS = 5000;
      await sleep(4000);
      link.bytesPerS = Number.POSITIVE_INFINITY;
      return;
    case 2:
      link.isBlackHole = true;
      await sleep(2000 + upTo(8000));
      link.isBlackHole = false;
      return;
    default:
      link.latencyMs = 200;
      await sleep(3000);
      link.cutAfter(upTo(5000));
      link.latencyMs = 0;
  }
}

async function answersOf({ whole, inputs }: Deployment): Promise<Map<string, number>> {
  const engine = await createEngine({ threads: 1 });
  try {
    const session = await engine.load(whole);
    const answers = new Map<string, number>();
    for (const [i, input] of inputs.entries()) {
      const logits = asFloat32((await session.run({ input })).logits);
      answers.set(`${String(i).padStart(4, '0')}.png`, logits.indexOf(Math.max(...logits)));
    }
    return answers;
  } finally {
    await engine.close();
  }
}
