/** Passwords, certificates and keys: what is wrong with a file is said with its name, and never in OpenSSL's words. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPassword } from '../../src/broker/index.ts';
import { readTlsFiles } from '../../src/broker/tls-files.ts';
import { readToken } from '../../src/secrets.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-secrets-'));
  for (const name of ['one', 'other']) {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    execFileSync('openssl', ['req', '-x509', ...kind, '-nodes', '-subj', `/CN=${name}`, ...files], { stdio: 'ignore' });
    await chmod(at(`${name}.key`), 0o600);
  }
  execFileSync('openssl', ['x509', '-in', at('one.crt'), '-outform', 'DER', '-out', at('one.der')]);
  await writeFile(at('text'), 'no certificate', { mode: 0o600 });
  await writeFile(at('empty'), '', { mode: 0o600 });
  await writeFile(at('blank'), '\nsecret\n', { mode: 0o600 });
  await mkdir(at('folder'));
  execFileSync('mkfifo', [at('fifo')]);
  await symlink('gone', at('link'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a token file', () => {
  it.each(['two words', 'pässwort', 'tab\t', '\u001b[2J'])(
    'whose first line is %j is refused, and not shown',
    async (line) => {
      await writeFile(at('token'), `${line}\n`, { mode: 0o600 });
      const error = await readToken(at('token')).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'FILE_UNREADABLE', message: expect.not.stringContaining(line) });
    },
  );

  it('is any word of ASCII', async () => {
    await writeFile(at('token'), 'aZ09-._~+/=!\r\nrest', { mode: 0o600 });
    expect(await readToken(at('token'))).toBe('aZ09-._~+/=!');
  });
});

describe('a password file', () => {
  it.each([
    ['absent', 'FILE_NOT_FOUND', /absent: no such file/],
    ['folder', 'FILE_UNREADABLE', /folder: cannot read \(a folder, not a file\)/],
    ['fifo', 'FILE_UNREADABLE', /fifo: cannot read \(a FIFO, not a file\)/],
    ['link', 'LINK_BROKEN', /link: a link to gone/],
    ['empty', 'FILE_UNREADABLE', /empty: cannot read \(its first line is no password\)/],
    ['blank', 'FILE_UNREADABLE', /blank: cannot read/],
  ])('that is %s is refused by name', async (name, code, message) => {
    const refused = { code, message: expect.stringMatching(message) };
    await expect(readPassword(at(name))).rejects.toMatchObject(refused);
  });
});

describe('files for TLS', () => {
  it('are read when they are what they should be', async () => {
    const files = await readTlsFiles({ ca: at('other.crt'), cert: at('one.crt'), key: at('one.key') });
    expect(files.key?.toString()).toMatch(/^-----BEGIN PRIVATE KEY/);
    expect(await readTlsFiles({})).toEqual({ ca: undefined, cert: undefined, key: undefined });
  });

  it.each([
    [{ ca: 'text' }, /text: not a certificate in PEM/],
    [{ ca: 'empty' }, /empty: not a certificate/],
    [{ cert: 'one.key' }, /one\.key: not a certificate/],
    [{ cert: 'one.der' }, /one\.der: not a certificate in PEM/],
    [{ key: 'text' }, /text: not a private key/],
    [{ cert: 'one.crt', key: 'other.key' }, /other\.key: the key of another certificate/],
  ])('%o are refused by name', async (names, message) => {
    const paths = Object.fromEntries(Object.entries(names).map(([kind, name]) => [kind, at(name)]));
    await expect(readTlsFiles(paths)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('that could block are not opened', async () => {
    for (const kind of ['ca', 'cert', 'key']) {
      await expect(readTlsFiles({ [kind]: at('fifo') })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    }
  });
});
