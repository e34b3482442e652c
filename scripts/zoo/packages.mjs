/** Fetches packages with their own clients and checks them against the digests of the catalogue. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export class ZooError extends Error {}

/** @returns the folder with the package's files */
export function npmPackage(dir, { name, version, integrity }) {
  return fetched(dir, `${name.replaceAll('/', '-')}-${version}`, (into) => {
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', into, `${name}@${version}`]);
    const archive = only(into, '.tgz');
    verify(archive, 'sha512', 'base64', integrity.replace(/^sha512-/, ''));
    run('tar', ['xzf', archive, '-C', into]);
    return 'package';
  });
}

/** @returns the folder that stands for the file system's root */
export function debianPackage(dir, { name, version, sha256 }) {
  return fetched(dir, `${name}_${version.replaceAll(':', '%3a')}`, (into) => {
    try {
      run('apt-get', ['download', '-qq', `${name}=${version}`], into);
    } catch (error) {
      throw new ZooError(
        `${name} ${version} could not be downloaded: ${error.message} It is in Debian 12; \`apt-get update\` may be needed. ` +
          'On another system put the .deb there by hand and unpack it with dpkg-deb -x.',
      );
    }
    const archive = only(into, '.deb');
    verify(archive, 'sha256', 'hex', sha256);
    run('dpkg-deb', ['-x', archive, join(into, 'root')]);
    return 'root';
  });
}

/** Whole or not at all: it becomes visible under its name only when it has been checked and unpacked. */
function fetched(dir, name, fetch) {
  const done = join(dir, name);
  if (existsSync(done)) return done;
  const partial = join(dir, `.${name}.partial`);
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  console.error(`Fetching ${name} …`);
  renameSync(join(partial, fetch(partial)), done);
  rmSync(partial, { recursive: true, force: true });
  return done;
}

function only(dir, ending) {
  const found = readdirSync(dir).filter((name) => name.endsWith(ending));
  if (found.length !== 1) throw new ZooError(`${dir}: expected one ${ending} file, found ${found.length}.`);
  return join(dir, found[0]);
}

export function verify(path, algorithm, encoding, wanted) {
  const found = createHash(algorithm).update(readFileSync(path)).digest(encoding);
  if (found !== wanted)
    throw new ZooError(`${path}: ${algorithm} is ${found}, not ${wanted}: not the file that was audited.`);
}

function run(program, args, cwd) {
  try {
    execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const why = error.stderr?.toString().trim().split('\n').at(-1) ?? error.message;
    throw new ZooError(`${program} ${args.join(' ')}: ${why}`);
  }
}
