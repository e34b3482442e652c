/** The packages that an agent needs on another machine: what is imported, what that needs, and binaries of that machine alone. */
import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CutlineError } from '../errors.ts';
import { fetchPackage } from './fetched.ts';
import type { Target } from './platform.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What packages ask for that serves their installation only. */
const forInstallation: Readonly<Record<string, readonly string[]>> = {
  // They fetch binaries for GPUs, which no script of ours lets them.
  'onnxruntime-node': ['adm-zip', 'global-agent'],
  // Of the JavaScript that does the same.
  msgpackr: ['msgpackr-extract'],
};

/**
 * @param root our package's folder
 * @param names packages that are imported
 * @param into the folder whose node_modules they become
 * @throws CutlineError BUNDLE_FAILED
 */
export async function copyPackages(
  root: string,
  names: Iterable<string>,
  into: string,
  { target, scratch }: { readonly target: Target; readonly scratch: string },
): Promise<void> {
  const done = new Set<string>();
  const take = async (folder: string, to: string): Promise<void> => {
    if (done.has(to)) return;
    done.add(to);
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
    await cp(folder, join(into, to), { recursive: true, dereference: true, filter: keeps(folder, target) });
    const unneeded = new Set(forInstallation[manifest.name]);
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (unneeded.has(name)) continue;
      const found = find(name, folder);
      if (found === undefined) throw new CutlineError('BUNDLE_FAILED', { problem: `package ${name} is not installed` });
      await take(found, placeOf(root, found));
    }
    for (const [name, version] of Object.entries(manifest.optionalDependencies ?? {})) {
      if (!name.endsWith(`-${target.platform}`) || unneeded.has(name)) continue;
      const found = find(name, folder) ?? (await fetchPackage(name, version, scratch));
      await take(found, `node_modules/${name}`);
    }
  };
  for (const name of names) {
    const found = find(name, root);
    if (found === undefined) throw new CutlineError('BUNDLE_FAILED', { problem: `package ${name} is not installed` });
    await take(found, placeOf(root, found));
  }
}

/** As Node looks for it. */
function find(name: string, from: string): string | undefined {
  const here = join(from, 'node_modules', name);
  if (existsSync(join(here, 'package.json'))) return here;
  const above = dirname(from);
  return above === from ? undefined : find(name, above);
}

/** The same relative to the bundle as to us, whether packages lie in our folder or we among them. */
function placeOf(root: string, folder: string): string {
  const inside = relative(root, folder);
  return inside.startsWith('..') ? join('node_modules', relative(dirname(root), folder)) : inside;
}

/** Whether a file of a package runs: no types, no maps, no text, no binaries of other machines. */
function keeps(folder: string, { os, cpu, nodeAbi }: Target): (path: string) => boolean {
  return (path) => {
    const file = relative(folder, path);
    if (/(^|\/)node_modules(\/|$)/.test(file)) return false;
    // Tests that were published, and the same code again for browsers and as UMD.
    if (/(^|\/)(tests?|benchmarks?)\/|^dist\/(test|.*\.(min|umd))\.js$/.test(file)) return false;
    // Sources of libraries that are compiled, and what is for browsers.
    if (/^(dependencies|src\/deps)(\/|$)/.test(file) || /(^|\/)node_modules\/mqtt\/dist$/.test(path)) return false;
    if (/\.([cm]?ts|map|md|markdown|cc|h|gyp)$/.test(file)) return false;
    const [, binaryOs, binaryCpu] = /^bin\/napi-v\d+(?:\/([^/]+))?(?:\/([^/]+))?/.exec(file) ?? [];
    if ((binaryOs !== undefined && binaryOs !== os) || (binaryCpu !== undefined && binaryCpu !== cpu)) return false;
    // lmdb brings several builds of one extension: that of this Node is the one that is loaded.
    const build = /(?:^|\/)node\.(?:abi(\d+)|napi)\.(glibc|musl)\.node$/.exec(file);
    return !build || (build[1] === nodeAbi && build[2] === 'glibc');
  };
}
