/**
 * The dashboard over HTTP: `/` the page, `/events` what changes, `/fleet.json` all of it at once, beside `/metrics`, `/healthz` and
 * `/readyz`. Everything but the last two wants the token: as `Authorization: Bearer`, or the cookie that the form at `/` gives.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { bearsToken } from '../../bearer.ts';
import { CutlineError } from '../../errors.ts';
import { listenOn } from '../../listen-on.ts';
import { answerOps, type Report } from '../../ops/index.ts';
import type { Mark } from '../marks.ts';
import type { FleetUpdate } from '../view.ts';
import { loginWith } from './login.ts';
import { fleetPage, loginPage, type Page } from './page.ts';
import { Sessions } from './sessions.ts';
import { Stream } from './stream.ts';

export interface WebOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly fleet: string;
  /** JavaScript of the page. */
  readonly program: string;
  readonly since: (mark: Mark | undefined) => FleetUpdate;
  readonly mark: () => Mark;
  readonly report: Report;
}

export interface Web {
  readonly url: string;
  close(): Promise<void>;
}

/** Pages that listen, people who sign in, a scraper and an orchestrator. */
const MAX_CONNECTIONS = 64;
const REQUEST_MS = 5000;

/** @throws CutlineError DASHBOARD_LISTEN */
export async function serveWeb(options: WebOptions): Promise<Web> {
  const { token, fleet, program, report, since } = options;
  const page = fleetPage(fleet, program);
  const sessions = new Sessions(fleet);
  const stream = new Stream(options);
  const login = loginWith(token);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method } = request;
    const path = (request.url ?? '').split('?', 1)[0]!;
    const session = sessions.of(headers.cookie);
    const isIn = session !== undefined || bearsToken(headers.authorization, token);
    // Said by the proxy that speaks https.
    const isSecure = headers['x-forwarded-proto'] === 'https';
    if (method === 'POST' && path === '/login') {
      const outcome = await login(request);
      if (outcome === 'right') redirect(response, sessions.begin(isSecure));
      else sendPage(response, refusals[outcome].status, loginPage(fleet, refusals[outcome].problem));
      return;
    }
    // A body is of no use elsewhere.
    request.resume();
    if (method === 'POST' && path === '/logout') redirect(response, sessions.end(session, isSecure));
    else if (method !== 'GET' && method !== 'HEAD') sendText(response, 405, 'only GET\n', { Allow: 'GET, HEAD' });
    else if (path === '/') sendPage(response, isIn ? 200 : 401, isIn ? page : loginPage(fleet));
    else if (isOps(path)) answerOps(request, response, { token, report });
    else if (path !== '/events' && path !== '/fleet.json') sendText(response, 404, `nothing is here but ${places}\n`);
    else if (!isIn) unauthorized(response);
    else if (path === '/fleet.json') send(response, 200, 'application/json', `${JSON.stringify(since(undefined))}\n`);
    else listen(response, session);
  }

  function listen(response: ServerResponse, session: string | undefined): void {
    if (stream.isFull) {
      sendText(response, 503, 'too many pages are open\n', { 'Retry-After': '10' });
      return;
    }
    response.writeHead(200, { ...secure, 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (response.req.method === 'HEAD') response.end();
    else stream.add(response, () => session === undefined || sessions.goesOn(session));
  }

  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8192 });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('request', (request, response) => {
    // Who hangs up has no use for an answer.
    serve(request, response).catch(() => response.destroy());
  });
  const refused = (address: string, problem: string) => new CutlineError('DASHBOARD_LISTEN', { address, problem });
  const url = await listenOn(server, options, refused);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        stream.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const isOps = (path: string): boolean => ['/metrics', '/healthz', '/readyz'].includes(path);
const places = '/, /events, /fleet.json, /metrics, /healthz and /readyz';

const refusals = {
  wrong: { status: 401, problem: 'That is not the token.' },
  busy: { status: 429, problem: 'Too many wrong tokens at once. Try again in a moment.' },
  malformed: { status: 400, problem: 'Send the form with one token.' },
} as const;

const secure = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

function send(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...secure, 'Content-Type': `${type}; charset=utf-8`, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

const sendText = (response: ServerResponse, status: number, text: string, headers?: Record<string, string>): void =>
  send(response, status, 'text/plain', text, headers);

const sendPage = (response: ServerResponse, status: number, { text, policy }: Page): void =>
  send(response, status, 'text/html', text, { 'Content-Security-Policy': policy });

function redirect(response: ServerResponse, cookie: string): void {
  response.writeHead(303, { ...secure, Location: '/', 'Set-Cookie': cookie });
  response.end();
}

const unauthorized = (response: ServerResponse): void =>
  sendText(response, 401, 'send the token as Authorization: Bearer TOKEN, or sign in at /\n', {
    'WWW-Authenticate': 'Bearer',
  });
