/** Commands in the guides: each has only options that exist, files it names exist or are made before, and the cheap ones run. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import yargs from 'yargs';
import { type Broker, readAccounts, startBroker } from '../src/broker/index.ts';
import { commands, nestedCommands } from '../src/cli/program.ts';
import { type Deployment, deploy } from './e2e/support/deployment.ts';
import { leastProtocol } from './support/evidence.ts';

const docs = resolve(import.meta.dirname, '../docs');
const guides = readdirSync(docs).filter((f) => f.startsWith('guide-') || f === 'threat-model.md');
const linesOf = (guide: string) =>
  readFileSync(join(docs, guide), 'utf8')
    .split('\n')
    .filter((line) => /^ {4,}cutline /.test(line))
    .map((line) => line.trim());
const all = guides.flatMap((guide) => linesOf(guide).map((line) => [guide, line] as const));

/** Reads the line as the command would, and runs nothing. */
async function read(line: string): Promise<void> {
  const argv = line.split(/\s+/).slice(1);
  const nested = nestedCommands[argv.slice(0, 2).join(' ')];
  let parser = yargs(argv.slice(nested ? 1 : 0))
    .option('json', { type: 'boolean' })
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new Error(message);
    });
  for (const command of nested ? [nested] : commands) parser = parser.command({ ...command, handler: () => {} });
  await parser.parseAsync();
}

describe('the guides', () => {
  it.each(all)('%s: %s', async (_, line) => {
    await read(line);
  });

  it('have commands, and name files of ours that are there', () => {
    expect(all.length).toBeGreaterThan(20);
    for (const guide of guides) {
      const text = readFileSync(join(docs, guide), 'utf8');
      for (const [path] of text.matchAll(/\bdeploy\/[\w./-]*\w/g))
        expect(existsSync(join(docs, '..', path)), path).toBe(true);
      for (const [, path] of text.matchAll(/\]\(([\w-]+\.md)\)/g))
        expect(existsSync(join(docs, path!)), path).toBe(true);
    }
  });

  it('would notice an option that does not exist', async () => {
    await expect(read('cutline plan sign plan.json --key k --for ever')).rejects.toThrow(/for/);
  });
});

describe('the guide to a device', () => {
  let d: Deployment;
  let folder: string;
  let broker: Broker | undefined;
  beforeAll(async () => {
    d = await deploy({ images: 1 });
    folder = await mkdtemp(join(tmpdir(), 'cutline-guide-'));
    await cp(d.folder, join(folder, 'plan'), { recursive: true });
  });
  afterAll(async () => {
    await broker?.close();
    await d?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('has keys, accounts and checks that work as they stand', { timeout: 240_000 }, async () => {
    const isCheap = /^cutline (keys|plan (sign|push|status)|broker (account|config)|config (check agent|schema))/;
    // Nobody is there to be waited for.
    const first = linesOf('guide-device.md').filter((line) => isCheap.test(line) && !line.includes('--wait'));
    expect(first).toHaveLength(13);
    const config = {
      broker: { url: 'mqtts://broker.example:8883' },
      fleet: 'yard',
      device: 'cam-1',
      plan: 'plan/plan.json',
      protocol: './plan/least.yaml',
      planKeys: ['keys/plan.pub'],
      messageKeys: 'keys/cam-1.keys.json',
      updates: { folder: 'updates', from: 'https://files.example/plans/' },
    };
    await d.config('least.yaml', leastProtocol);
    await cp(join(d.folder, 'least.yaml'), join(folder, 'plan/least.yaml'));
    await cp(await d.config('agent.yaml', config), join(folder, 'agent.yaml'));
    for (const line of first) {
      if (line.includes('plan push') && !broker) await letOperate();
      const { code, stderr } = await inFolder(folder, line.split(' ').slice(1));
      expect(code, `${line}\n${stderr}`).toBe(0);
    }
    expect((await inFolder(folder, ['config', 'check', 'agent.yaml', '--json'])).stdout).toContain('"warnings": []');
  });

  /** With the accounts that were made. */
  async function letOperate(): Promise<void> {
    const { accounts } = await readAccounts(join(folder, 'accounts.json'));
    const port = { host: '127.0.0.1', port: 0 };
    broker = await startBroker({ ...port, maxPacketBytes: 1e6, maxClients: 9, accounts });
    const account = { username: 'yard-operator', passwordFile: 'keys/yard-operator.password' };
    const config = { broker: { url: broker.url, ...account }, fleet: 'yard' };
    await writeFile(join(folder, 'operator.yaml'), JSON.stringify(config));
  }
});

describe('the guide to a fleet', () => {
  let d: Deployment;
  beforeAll(async () => {
    d = await deploy({ images: 1 });
  });
  afterAll(() => d?.remove());

  it('has accounts and checks that work as they stand', { timeout: 240_000 }, async () => {
    const example = parse(readFileSync(join(docs, '../deploy/examples/dashboard.yaml'), 'utf8'));
    const { caFile: _, ...broker } = example.broker;
    await d.config('dashboard.yaml', { ...example, broker, planKeys: [] });
    for (const secret of ['token', 'password'])
      await writeFile(join(d.folder, secret), `${'x'.repeat(64)}\n`, { mode: 0o600 });
    const isCheap = /^cutline (broker (account|config)|config (check|schema))/;
    const lines = linesOf('guide-fleet.md').filter((line) => isCheap.test(line));
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const { code, stderr } = await inFolder(d.folder, line.split(' ').slice(1));
      expect(code, `${line}\n${stderr}`).toBe(0);
    }
    const checked = JSON.parse((await inFolder(d.folder, ['config', 'check', 'dashboard.yaml', '--json'])).stdout);
    expect(checked).toMatchObject({ of: 'dashboard', plans: [{ planId: d.plan.planId }], warnings: [] });
  });
});

const inFolder = (cwd: string, args: string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    const main = resolve(docs, '../dist/cli/main.js');
    execFile(process.execPath, [main, ...args], { cwd }, (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
