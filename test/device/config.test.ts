import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAgentConfig } from '../../src/device/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-agent-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the configuration of an agent', () => {
  const read = async (text: string) => {
    const path = join(folder, 'agent.yaml');
    await writeFile(path, text);
    return readAgentConfig(path);
  };
  const minimal = 'broker: {url: "mqtt://127.0.0.1:1883"}\nfleet: yard\ndevice: cam-1\nplan: plan.json\n';

  it('needs little and fills in the rest', async () => {
    const { config } = await read(`${minimal}images: [pictures]\n`);
    expect(config).toMatchObject({ qos: 0, inFlight: 1, timeoutMs: 2000, images: [join(folder, 'pictures')] });
  });

  it.each([
    ['a key that is unknown', `${minimal}timeout: 5\n`, /timeout: unknown key/],
    ['a key that is unknown inside', minimal.replace('1883"', '1883", port: 1'), /broker.port: unknown key/],
    ['a key that is missing', 'fleet: yard\n', /broker: .*device: /],
    ['a name with a wildcard', minimal.replace('cam-1', '"+"'), /device: use 1 to 64/],
    ['credentials in the URL', minimal.replace('127', 'u:p@127'), /broker.url: expected mqtt:/],
    ['QoS 2', `${minimal}qos: 2\n`, /qos/],
    ['what is not YAML', 'broker: [', /agent.yaml/],
  ])('says where it is wrong: %s', async (_, text, message) => {
    const error = await read(text).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 2, message: expect.stringMatching(message) });
  });
});
