import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, brokerSettingsSchema, connectOptions, Link, startBroker } from '../../src/broker/index.ts';
import { freePort } from '../e2e/support/processes.ts';

let folder: string;
let broker: Broker | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-link-'));
});
afterEach(async () => {
  await broker?.close();
  await rm(folder, { recursive: true, force: true });
});

const write = (password: string) => writeFile(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
async function serve(port: number, password: string): Promise<void> {
  await broker?.close();
  const credentials = { username: 'cam', password };
  broker = await startBroker({ host: '127.0.0.1', port, maxPacketBytes: 1e6, maxClients: 5, credentials });
}

describe('a link', () => {
  it('takes the password as its file has it when it connects again, and what it had where there is none', async () => {
    const port = await freePort();
    await write('first');
    await serve(port, 'first');
    const url = `mqtt://127.0.0.1:${port}`;
    const settings = brokerSettingsSchema.parse({ url, username: 'cam', passwordFile: 'password' });
    const connect = await connectOptions(settings, folder, { clientId: 'cam' });
    const said: string[] = [];
    let ups = 0;
    const link = new Link(
      { connect, backoff: { firstMs: 20, maxMs: 50 }, log: (line) => said.push(line) },
      { prepare: async () => {}, onUp: () => ups++, receive: () => {} },
    );
    const end = new AbortController();
    const run = link.run(end.signal);
    await expect.poll(() => ups).toBe(1);
    // Nobody has written the new one yet.
    await serve(port, 'second');
    await expect.poll(() => said.some((line) => /not connect|refused|not authorized/i.test(line))).toBe(true);
    await rm(join(folder, 'password'));
    await expect.poll(() => said.some((line) => line.endsWith('What was read before is used.'))).toBe(true);
    await write('second');
    await expect.poll(() => ups).toBe(2);
    end.abort();
    await run;
  });
});
