/** Certificates and keys for mqtts. OpenSSL's own complaints name neither the file nor, of an authority, anything at all. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CutlineError } from '../errors.ts';
import { readBounded } from '../files.ts';
import { readSecret } from '../secrets.ts';
import type { TlsFiles } from './socket.ts';

const MAX_CERTIFICATE_BYTES = 2 ** 20;

/**
 * @param paths PEM files
 * @throws CutlineError FILE_*, LINK_BROKEN, SECRET_EXPOSED, CONFIG_INVALID for what is no certificate or key, or no pair
 */
export async function readTlsFiles(paths: { ca?: string; cert?: string; key?: string }): Promise<TlsFiles> {
  const certificate = async (path: string | undefined) => {
    const bytes = path === undefined ? undefined : await readBounded(path, MAX_CERTIFICATE_BYTES);
    return bytes && { bytes, parsed: parse(path!, 'a certificate', () => new X509Certificate(pemOf(bytes))) };
  };
  const [ca, cert] = [await certificate(paths.ca), await certificate(paths.cert)];
  const key = paths.key === undefined ? undefined : await readSecret(paths.key);
  const secret = key && parse(paths.key!, 'a private key without passphrase', () => createPrivateKey(key));
  if (cert && secret && !cert.parsed.checkPrivateKey(secret)) {
    throw new CutlineError('CONFIG_INVALID', {
      path: paths.key!,
      problem: `the key of another certificate than ${paths.cert}`,
    });
  }
  return { ca: ca?.bytes, cert: cert?.bytes, key };
}

/** Certificates in binary can be read, but not by TLS. */
function pemOf(bytes: Buffer): Buffer {
  if (!bytes.includes('-----BEGIN ')) throw new Error('no PEM');
  return bytes;
}

function parse<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CutlineError('CONFIG_INVALID', { path, problem: `not ${what} in PEM` }, { cause });
  }
}
