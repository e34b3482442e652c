/** An agent with everything it needs, as one file for one device: Node, our files, packages with binaries, plan, head, unit. */
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { archive } from './archive.ts';
import type { BundledConfig } from './config.ts';
import { fetchPackage } from './fetched.ts';
import { modulesOf } from './modules.ts';
import { copyPackages } from './packages.ts';
import { type Platform, type Target, targetOf } from './platform.ts';
import { tryProgram } from './program.ts';

export interface BundleOptions {
  readonly platform: Platform;
  readonly config: BundledConfig;
  /** Where the archive goes. */
  readonly out: string;
  readonly log: (line: string) => void;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @returns its size @throws CutlineError BUNDLE_FAILED, FILE_*, OUTPUT_NOT_WRITABLE */
export async function makeBundle({ platform, config, out, log }: BundleOptions): Promise<{ readonly bytes: number }> {
  const target = targetOf(platform);
  const scratch = await mkdtemp(join(tmpdir(), 'cutline-bundle-'));
  const folder = join(scratch, 'cutline');
  try {
    log(`Node ${target.nodeVersion} for ${platform}`);
    await putNode(join(folder, 'node/bin/node'), target, scratch);
    log('files and packages of the agent');
    await putProgram(folder, { target, scratch });
    await putInstallation(folder);
    await putConfig(join(folder, 'config'), config);
    log('packing');
    await archive(scratch, 'cutline', out);
    return { bytes: (await stat(out)).size };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The one that runs here, where the device is the same; else that of npm. Without symbols, where somebody here can take them off. */
async function putNode(to: string, target: Target, scratch: string): Promise<void> {
  const { isHere, nodeVersion, platform } = target;
  const from = isHere
    ? process.execPath
    : join(await fetchPackage(`node-${platform}`, nodeVersion, scratch), 'bin/node');
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, 0o755);
  await withoutSymbols(to, target, scratch);
}

/** Smaller, where a program for that processor is here; the same to run. */
async function withoutSymbols(path: string, { platform, isHere }: Target, scratch: string): Promise<void> {
  const cross = platform === 'linux-arm64' ? 'aarch64-linux-gnu-strip' : 'x86_64-linux-gnu-strip';
  if (!(await tryProgram(cross, [path], scratch)) && isHere) await tryProgram('strip', [path], scratch);
}

async function putProgram(
  folder: string,
  context: { readonly target: Target; readonly scratch: string },
): Promise<void> {
  const { files, packages } = await modulesOf(join(root, 'dist'));
  for (const file of files) {
    const to = join(folder, relative(root, file));
    await mkdir(dirname(to), { recursive: true });
    await copyFile(file, to);
  }
  await copyPackages(root, packages, folder, context);
  for (const file of await readdir(folder, { recursive: true })) {
    if (file.endsWith('.node')) await withoutSymbols(join(folder, file), context.target, context.scratch);
  }
  await cp(join(root, 'profiles/protocols'), join(folder, 'profiles/protocols'), { recursive: true });
  const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' })}\n`);
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

async function putInstallation(folder: string): Promise<void> {
  const deploy = join(root, 'deploy');
  await copyFile(join(deploy, 'systemd/cutline-agent.service'), join(folder, 'cutline-agent.service'));
  await mkdir(join(folder, 'bin'), { recursive: true });
  for (const [from, to] of [
    ['bundle/install.sh', 'install.sh'],
    ['bundle/cutline.sh', 'bin/cutline'],
  ] as const) {
    await copyFile(join(deploy, from), join(folder, to));
    await chmod(join(folder, to), 0o755);
  }
}

async function putConfig(folder: string, { text, files, secrets }: BundledConfig): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'agent.yaml'), text);
  for (const { from, to } of files) {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await copyFile(from, join(folder, to));
  }
  await writeFile(join(folder, 'SECRETS'), secrets.map((s) => `${s}\n`).join(''));
}
