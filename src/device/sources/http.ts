/**
 * `POST /infer`: the body is a picture, the answer what became of it. As many requests are taken as can be worked on and a few
 * that wait; more are told to come back, before their bodies are read, so that memory is bounded whoever asks.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { CutlineError } from '../../errors.ts';
import { listenOn } from '../../listen-on.ts';
import type { Picture, Unread } from '../source.ts';
import { refuse, respond } from './http-refusal.ts';
import { bodyOf, wrongWith } from './http-request.ts';
import { pictureOf } from './picture.ts';
import type { HttpSettings } from './settings.ts';
import { noSourceCounts, type OpenedSource, type SourceContext } from './source.ts';

/** A request whose picture waits to be taken, or is under way. */
interface Asked {
  readonly name: string;
  readonly bytes: Buffer;
  readonly settle: (outcome: object) => void;
}

export type HttpOptions = Omit<HttpSettings, 'type' | 'tokenFile'> & { readonly token: string | undefined };

/** Connections beside those that ask. */
const MAX_CONNECTIONS = 1024;
/** What is answered as it closes has this long to be read. */
const CLOSE_MS = 1000;

/** @throws CutlineError HTTP_LISTEN */
export async function httpSource(options: HttpOptions, context: SourceContext): Promise<OpenedSource> {
  const { host, port, queue, bodyTimeoutMs } = options;
  const { inFlight, stop, log } = context;
  const counts = noSourceCounts();
  const waiting: Asked[] = [];
  const responses = new Set<ServerResponse>();
  let [admitted, count, wake] = [0, 0, () => {}];

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const wrong =
      wrongWith(request, options) ??
      (stop.aborted ? new CutlineError('REQUEST_STOPPING') : undefined) ??
      (admitted >= inFlight + queue
        ? new CutlineError('REQUEST_BUSY', { under: inFlight, waiting: queue })
        : undefined);
    if (wrong) {
      counts.refused++;
      return refuse(response, wrong);
    }
    admitted++;
    responses.add(response);
    try {
      if (request.headers.expect !== undefined) response.writeContinue();
      const outcome = await answer(await bodyOf(request, options), response);
      if (outcome === undefined) return;
      if ('error' in outcome) refuse(response, outcome.error as { code: string; message: string });
      else respond(response, 200, { format: 'cutline.result/1', ...outcome });
    } catch (error) {
      if (!(error instanceof CutlineError)) throw error;
      counts.refused++;
      refuse(response, error);
    } finally {
      admitted--;
      responses.delete(response);
    }
  };

  /** What became of it; undefined when nobody wants to know any more and it had not been begun. */
  const answer = (bytes: Buffer, response: ServerResponse) =>
    new Promise<object | undefined>((resolve, reject) => {
      const asked: Asked = { name: `http-${count++}`, bytes, settle: resolve };
      if (stop.aborted) return reject(new CutlineError('REQUEST_STOPPING'));
      waiting.push(asked);
      wake();
      response.once('close', () => {
        const at = waiting.indexOf(asked);
        if (at < 0) return;
        waiting.splice(at, 1);
        resolve(undefined);
      });
    });

  const server = createServer({
    requestTimeout: 2 * bodyTimeoutMs,
    headersTimeout: bodyTimeoutMs,
    maxHeaderSize: 8192,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch((error: unknown) => {
      log(`a request failed: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  };
  server.on('request', listener).on('checkContinue', listener);
  const address = await listenOn(
    server,
    { host, port },
    (at, problem) => new CutlineError('HTTP_LISTEN', { address: at, problem }),
  );
  log(`POST pictures to ${address}/infer`);

  const onStop = () => {
    // Nobody will take them.
    const stopping = new CutlineError('REQUEST_STOPPING');
    for (const { settle } of waiting.splice(0)) settle({ error: stopping });
    wake();
  };
  stop.addEventListener('abort', onStop, { once: true });

  async function* pictures(): AsyncGenerator<Picture | Unread> {
    while (!stop.aborted) {
      const asked = waiting.shift();
      if (asked) {
        const picture = await pictureOf(asked, context);
        yield { ...picture, answered: asked.settle };
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  }

  return {
    pictures: pictures(),
    isFinite: false,
    counts,
    async close() {
      stop.removeEventListener('abort', onStop);
      onStop();
      // Those under way when the run failed.
      for (const response of responses) refuse(response, new CutlineError('REQUEST_STOPPING'));
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      const patience = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
      server.closeIdleConnections();
      await closed;
      clearTimeout(patience);
    },
  };
}
