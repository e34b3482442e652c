import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker } from '../../src/broker/index.ts';
import { type ProfileArguments, profileText, runProfile } from '../../src/cli/run-profile.ts';
import { encodeModel, modelSha256 } from '../../src/model/index.ts';
import { readProfile } from '../../src/profile/index.ts';
import { networks } from '../support/networks.ts';
import { clip } from '../support/several-inputs.ts';

let dir: string;
const bytes = encodeModel(networks.residual.build({ seed: 1 }));
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-cli-profile-'));
  await writeFile(join(dir, 'net.onnx'), bytes);
});
afterAll(() => rm(dir, { recursive: true }));

const options = (over: Partial<ProfileArguments> = {}): ProfileArguments => ({
  model: undefined,
  name: 'here',
  out: join(dir, 'here.yaml'),
  broker: undefined,
  username: undefined,
  passwordFile: undefined,
  meter: 'none',
  threads: 1,
  budgetMs: 1000,
  shapes: [],
  ...over,
});
const profile = (over: Partial<ProfileArguments>, signal = new AbortController().signal) =>
  runProfile(options(over), signal, () => {});

describe('cutline profile', () => {
  it('measures machine, model and link, and writes what planning reads', async () => {
    const broker = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 2 ** 21, maxClients: 4 });
    try {
      const written = await profile({ model: join(dir, 'net.onnx'), broker: broker.url });
      const read = await readProfile(written.path!);
      expect(read).toEqual(written.profile);
      const [model] = read.models!;
      expect(model!.sha256).toBe(modelSha256(bytes));
      expect(model!.cuts[0]).toMatchObject({ cut: 'input', tailMs: { source: 'measured' } });
      expect(model!.cuts[0]!.headMs).toBeUndefined();
      expect(model!.cuts.at(-1)).toMatchObject({ cut: 'output', headMs: { source: 'measured' } });
      for (const c of model!.cuts.slice(1, -1)) expect(c.headMs!.value * c.tailMs!.value).toBeGreaterThan(0);
      expect(read.link!.rttMs.source).toBe('measured');
      expect(read.encode!['uint8+deflate']!.value).toBeGreaterThan(0);
      expect(read.power).toBeUndefined();
      expect(profileText(written)).toMatch(/no meter answers/);
    } finally {
      await broker.close();
    }
  });

  it('times the network that is left when inputs are fixed, and says which were', async () => {
    await writeFile(join(dir, 'clip.onnx'), encodeModel(clip()));
    const over = { model: join(dir, 'clip.onnx'), budgetMs: 300 };
    const { path } = await profile({ ...over, inputs: ['text=1'], out: join(dir, 'clip.yaml') });
    const [model] = (await readProfile(path!)).models!;
    expect(model!.fixed).toMatchObject([{ name: 'text', dtype: 'int64', shape: [1, 6] }]);
    expect(model!.cuts.map((c) => c.cut)).not.toContain('text+conv1');
    const beside = await profile({ ...over, out: '-' });
    expect(beside.profile.models![0]!.fixed).toBeUndefined();
    expect(beside.profile.models![0]!.cuts.map((c) => c.cut)).toEqual(expect.arrayContaining(['input', 'output']));
  });

  it.each<[string, Partial<ProfileArguments>, string]>([
    ['a broker that is not there', { broker: 'mqtt://127.0.0.1:1' }, 'BROKER_LOST'],
    ['a broker that is no URL', { broker: 'localhost' }, 'OPTION_INVALID'],
    ['an unknown meter', { meter: 'ina219' }, 'POWER_METER_UNKNOWN'],
    ['a name with a slash', { name: '../x' }, 'USAGE'],
    ['no time', { budgetMs: 0 }, 'USAGE'],
    ['half a thread', { threads: 0.5 }, 'USAGE'],
    ['a missing model', { model: '/nowhere/net.onnx' }, 'FILE_NOT_FOUND'],
  ])('refuses %s and writes nothing', async (_, over, code) => {
    await expect(profile({ ...over, out: join(dir, 'never.yaml') })).rejects.toMatchObject({ code });
    expect(await readdir(dir)).not.toContain('never.yaml');
  });

  it('stops when it is told to, and writes nothing', async () => {
    const stopped = profile({ out: join(dir, 'never.yaml'), budgetMs: 20_000 }, AbortSignal.timeout(300));
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(dir)).not.toContain('never.yaml');
  });
});
