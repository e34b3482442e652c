/** A server of HTTP that begins to listen. */
import type { Server } from 'node:http';
import type { CutlineError } from './errors.ts';
import { urlHost } from './loopback.ts';

/**
 * @param port 0: one that is free
 * @param refused what is thrown where that cannot be had: the address, and what the system says
 * @returns its address as a URL
 */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  refused: (address: string, problem: string) => CutlineError,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(refused(`${host}:${port}`, error.code ?? error.message)),
    );
    server.listen(port, host.replace(/^\[|\]$/g, ''), resolve);
  });
  const found = server.address();
  const actual = typeof found === 'object' && found ? found.port : port;
  return `http://${urlHost(host)}:${actual}`;
}
