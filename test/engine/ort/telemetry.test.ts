import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const project = join(import.meta.dirname, '../../..');
const model = join(project, 'models/lenet-fashion-mnist.onnx');
const { ORT_DISABLE_TELEMETRY: _, CI: __, ...environment } = process.env;

/** What a program leaves in its home, its working folder and the folder for temporary files. */
async function leftBy(script: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-telemetry-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const pid = await new Promise<number>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '-e', script],
      { cwd: folder, env: { ...environment, HOME: folder, TMPDIR: folder, XDG_CACHE_HOME: join(folder, 'cache') } },
      (error) => (error ? reject(error) : resolve(child.pid!)),
    );
  });
  const log = join('/tmp', `mat-debug-${pid}.log`);
  const left: string[] = await readdir(folder, { recursive: true });
  if (!existsSync(log)) return left;
  await rm(log);
  return [...left, log];
}

const engine = (options: string) => `
  import { readFile } from 'node:fs/promises';
  import { createEngine } from ${JSON.stringify(pathToFileURL(join(project, 'dist/engine/index.js')).href)};
  const engine = await createEngine({ threads: 1 });
  await engine.load(await readFile(${JSON.stringify(model)}), ${options});
  await engine.close();`;

describe.skipIf(process.platform !== 'linux')('the runtime library', () => {
  it('keeps and sends no figures of what runs, in a worker or where it is called', async () => {
    const bare = `
      import { createRequire } from 'node:module';
      const { InferenceSession } = createRequire(${JSON.stringify(join(project, 'package.json'))})('onnxruntime-node');
      await InferenceSession.create(${JSON.stringify(model)});`;
    // Else nothing would be shown by what follows: another version may leave its traces elsewhere.
    expect(await leftBy(bare)).not.toEqual([]);
    expect(await leftBy(engine('{}'))).toEqual([]);
    expect(await leftBy(engine('{ mostStallMs: 1000 }'))).toEqual([]);
  });
});
