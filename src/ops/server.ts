/**
 * `/metrics`, `/healthz` and `/readyz`. Whoever orchestrates asks for the last two from elsewhere and has no token to send, so they
 * tell one word; what is counted and what is waited for is told on this machine, or to who has the token.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { bearsToken } from '../bearer.ts';
import { CutlineError } from '../errors.ts';
import { listenOn } from '../listen-on.ts';
import { hostOf, isLoopback } from '../loopback.ts';
import { CONTENT_TYPE, metricsText } from './metric.ts';
import { processMetrics } from './process-metrics.ts';
import type { Report } from './report.ts';

export interface OpsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly report: Report;
}

export interface OpsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Two scrapers, an orchestrator, a person with a browser. */
const MAX_CONNECTIONS = 32;
const REQUEST_MS = 5000;

/** @throws CutlineError OPS_LISTEN */
export async function serveOps(options: OpsServerOptions): Promise<OpsServer> {
  const server = createServer({
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    keepAliveTimeout: REQUEST_MS,
    maxHeaderSize: 8192,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('request', (request, response) => {
    // A body is of no use here.
    request.resume();
    answerOps(request, response, options);
  });
  const url = await listenOn(
    server,
    options,
    (address, problem) => new CutlineError('OPS_LISTEN', { address, problem }),
  );
  // It keeps no process alive that has ended its work.
  server.unref();
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** For a server that has more to tell, too. */
export function answerOps(
  request: IncomingMessage,
  response: ServerResponse,
  told: Pick<OpsServerOptions, 'token' | 'report'>,
): void {
  send(response, answer(request, told));
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(request: IncomingMessage, { token, report }: Pick<OpsServerOptions, 'token' | 'report'>): Answer {
  const path = (request.url ?? '').split('?', 1)[0];
  const isTrusted = token === undefined ? isLocal(request) : bearsToken(request.headers.authorization, token);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, text: 'only GET\n', headers: { Allow: 'GET, HEAD' } };
  }
  switch (path) {
    case '/healthz':
      // That it is answered is what it says: the event loop turns. The network may be away for days.
      return { status: 200, text: 'ok\n' };
    case '/readyz': {
      const waitsFor = report.waitsFor();
      if (waitsFor === undefined) return { status: 200, text: 'ready\n' };
      return { status: 503, text: isTrusted ? `waiting for ${waitsFor}\n` : 'not ready\n' };
    }
    case '/metrics': {
      const text = () => metricsText([...processMetrics(), ...report.metrics()]);
      if (isTrusted) return { status: 200, text: text(), headers: { 'Content-Type': CONTENT_TYPE } };
      if (token !== undefined) return unauthorized;
      return { status: 403, text: 'only programs on this machine are answered, and no pages of browsers\n' };
    }
    default:
      return { status: 404, text: 'nothing is here but /metrics, /healthz and /readyz\n' };
  }
}

const unauthorized: Answer = {
  status: 401,
  text: 'send the token as Authorization: Bearer TOKEN\n',
  headers: { 'WWW-Authenticate': 'Bearer' },
};

/** A page in a browser on this machine reaches loopback, too, also under a name of its own (DNS rebinding). */
const isLocal = ({ headers }: IncomingMessage): boolean =>
  headers.origin === undefined && isLoopback(hostOf(headers.host));

function send(response: ServerResponse, { status, text, headers }: Answer): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
