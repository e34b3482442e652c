/** A deployment whose plans are signed and pushed: a broker, a web server for heads, consumers, an agent with `updates:`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PushedPlan, runPlanPush } from '../../../src/cli/run-plan-push.ts';
import type { Rollout } from '../../../src/device/updates/rollout.ts';
import { encodeModel, GraphBuilder, int64, modelSha256 } from '../../../src/model/index.ts';
import { type Plan, type PlanKey, signPlan } from '../../../src/plan/index.ts';
import { type Deployment, deploy } from './deployment.ts';
import { type FilesServer, filesServer } from './files-server.ts';
import { type Fleet, fleet } from './fleet.ts';
import { newKey } from './keys.ts';
import type { Running } from './processes.ts';

/** Times in which a test can wait for all of them. */
export const trial = { answers: 5, forS: 60, silentS: 2, startS: 20 };

export interface Updating {
  readonly d: Deployment;
  readonly f: Fleet;
  readonly server: FilesServer;
  /** The plan of the configuration, signed. */
  readonly first: Plan;
  readonly at: (...names: string[]) => string;
  /** The plan of the deployment with something else, the next serial, and the signature of `key`. */
  make(changed?: Partial<Plan>, key?: PlanKey): Promise<Made>;
  /** With its head for the web server. */
  withHead(bytes: Buffer, changed?: Partial<Plan>): Promise<Made>;
  push(made: Made | 'clear', wait?: string): Promise<PushedPlan>;
  /** One consumer for all of them. */
  serve(...made: (Made | 'first')[]): Promise<Running>;
  agent(settings?: Record<string, unknown>, ...args: string[]): Promise<Running>;
  /** What lies in the folder of updates. */
  rollout(): Promise<Rollout>;
  end(): Promise<void>;
}

export interface Made {
  readonly plan: Plan;
  readonly path: string;
}

export async function updating({ images = 40 } = {}): Promise<Updating> {
  const d = await deploy({ images });
  const at = (...names: string[]) => join(d.folder, ...names);
  const { key, pem } = newKey();
  await writeFile(at('plan.pub'), pem);
  const first = signPlan(d.plan, key, { serial: 100 });
  await writeFile(d.planPath, JSON.stringify(first));
  const f = await fleet('aedes', d);
  await f.broker();
  const server = await filesServer();
  await d.config('operator.yaml', { broker: { url: f.url }, fleet: 'yard' });
  let serial = 100;
  const make: Updating['make'] = async (changed = {}, by = key) => {
    const { serial: asked = ++serial, ...rest } = changed;
    const plan = signPlan({ ...d.plan, ...rest }, by, { serial: asked });
    const folder = at(`made-${plan.planId}`);
    await mkdir(folder, { recursive: true });
    for (const part of ['head.onnx', 'tail.onnx']) await writeFile(join(folder, part), await readFile(at(part)));
    const path = join(folder, 'plan.json');
    await writeFile(path, JSON.stringify(plan));
    return { plan, path };
  };
  const own = await readFile(at('head.onnx'));
  server.files.set(`${modelSha256(own)}.onnx`, own);
  return {
    d,
    f,
    server,
    first,
    at,
    make,
    async withHead(bytes, changed = {}) {
      const sha256 = modelSha256(bytes);
      server.files.set(`${sha256}.onnx`, bytes);
      return make({ ...changed, head: { file: 'head.onnx', sha256, bytes: bytes.length } });
    },
    push: (made, wait) => {
      const what = made === 'clear' ? undefined : made.path;
      const rest = { from: undefined, parts: undefined, wait, clear: made === 'clear' };
      return runPlanPush({ plan: what, config: at('operator.yaml'), device: ['cam-1'], ...rest });
    },
    serve: (...all) =>
      f.consumer({ plan: undefined, plans: all.map((m) => ({ plan: m === 'first' ? 'plan.json' : m.path })) }),
    agent: (settings = {}, ...args) => {
      const updates = { folder: 'updates', from: server.url, drainS: 5, hangS: 6, trial };
      const common = { planKeys: ['plan.pub'], inFlight: 2, timeoutMs: 300, expiryMs: 3000, updates };
      return f.agent({ ...common, ...settings }, ...args);
    },
    rollout: async () => JSON.parse(await readFile(at('updates', 'updates.json'), 'utf8')),
    async end() {
      // One that is computing does not notice that it is alone.
      const agent = await readFile(at('updates', 'agent.pid'), 'utf8').catch(() => undefined);
      const ended = f.end();
      if (agent !== undefined) {
        try {
          process.kill((JSON.parse(agent) as { pid: number }).pid, 'SIGKILL');
        } catch {
          // It is gone.
        }
      }
      await ended;
      await server.close();
      await sleep(100);
      await d.remove();
    },
  };
}

/** A head with the right names that takes minutes: products of large matrices, none of which can be computed before it runs. */
export function slowHead(): Buffer {
  const size = 2048;
  const b = new GraphBuilder();
  b.input('input', 'float32', [1, 1, 28, 28]);
  b.op('ReduceMax', ['input'], { keepdims: 0 }, 'one');
  b.op('Expand', ['one', b.initializer(int64([size, size]), 'size')], {}, 'x0');
  const products = 400;
  for (let i = 0; i < products; i++) b.op('MatMul', [`x${i}`, `x${i}`], {}, `x${i + 1}`);
  b.op('ReduceMax', [`x${products}`], { keepdims: 0 }, 'most');
  b.op('Expand', ['most', b.initializer(int64([1, 16, 8, 8]), 'shape')], {}, 'relu2');
  b.output('relu2', 'float32', [1, 16, 8, 8]);
  return Buffer.from(encodeModel(b.build()));
}
