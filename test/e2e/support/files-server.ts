/** A web server for heads that can be as bad as one wants it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface FilesServer {
  readonly url: string;
  /** By path, without the slash. */
  readonly files: Map<string, Buffer>;
  readonly requests: {
    readonly path: string;
    readonly range: string | undefined;
    readonly token: string | undefined;
  }[];
  /** In place of what it does by itself; returns whether it has answered. */
  misbehave: ((request: IncomingMessage, response: ServerResponse, file: Buffer | undefined) => boolean) | undefined;
  close(): Promise<void>;
}

export async function filesServer(): Promise<FilesServer> {
  const files = new Map<string, Buffer>();
  const requests: FilesServer['requests'] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    const { range, authorization: token } = request.headers;
    requests.push({ path, range, token });
    const file = files.get(path);
    if (it.misbehave?.(request, response, file)) return;
    if (!file) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const headers = from > 0 ? { 'Content-Range': `bytes ${from}-${file.length - 1}/${file.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { ...headers, 'Content-Length': file.length - from });
    response.end(file.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const it: FilesServer = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`,
    files,
    requests,
    misbehave: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return it;
}
