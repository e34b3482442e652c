/** What watches an agent or a consumer: over HTTP where it is asked for, and systemd where it started the process. */
import { resolve } from 'node:path';
import { readToken } from '../secrets.ts';
import { figure, type Metric } from './metric.ts';
import { openNotifier } from './notify.ts';
import type { Report } from './report.ts';
import { serveOps } from './server.ts';
import type { HttpSettings } from './settings.ts';

export interface Ops {
  /** From when the model is loaded. */
  follow(report: Report): void;
  close(): Promise<void>;
}

/**
 * Listens at once, so that a start that takes long is seen to go on.
 * @param settings undefined: nothing listens
 * @param folder what paths in them are relative to
 * @throws CutlineError OPS_LISTEN, SECRET_EXPOSED, FILE_*
 */
export async function openOps(
  settings: HttpSettings | undefined,
  folder: string,
  log: (line: string) => void,
): Promise<Ops> {
  const notifier = openNotifier({ env: process.env, log });
  let report: Report = { waitsFor: () => 'the model', metrics: () => [] };
  const token = await tokenOf(settings, folder);
  const waitsFor = () => report.waitsFor();
  const metrics = () => [isReady(waitsFor()), ...report.metrics()];
  const server = settings && (await serveOps({ ...settings, token, report: { waitsFor, metrics } }));
  if (server) log(`metrics and health at ${server.url}/metrics, /healthz and /readyz`);
  return {
    follow(one) {
      report = one;
      notifier?.ready();
    },
    async close() {
      await notifier?.stopping();
      await server?.close();
    },
  };
}

/** @throws CutlineError SECRET_EXPOSED, FILE_* */
export async function tokenOf(settings: HttpSettings | undefined, folder: string): Promise<string | undefined> {
  const { tokenFile } = settings ?? {};
  return tokenFile === undefined ? undefined : readToken(resolve(folder, tokenFile));
}

const isReady = (waitsFor: string | undefined): Metric =>
  figure(
    'cutline_ready',
    'gauge',
    '1 when it can work: model loaded, broker connected',
    waitsFor === undefined ? 1 : 0,
  );
