/** A relay as it is deployed: consumer and agent as processes of their own, and what the agent says of each inference. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runCutline } from '../../../processes.ts';
import type { Latency } from '../../record.ts';
import { writeRelay } from './relay.ts';

export interface DeploymentOptions {
  /** The built `cli/main.js`. */
  readonly command: string;
  readonly url: string;
  readonly threads: number;
  readonly inferences: number;
  readonly signal: AbortSignal;
}

/** The first compile, connect and warm up: they are no figure of a service that goes on for days. */
const WARM_UPS = 40;

const lineSchema = z.object({
  latencyMs: z.object({
    total: z.number(),
    head: z.number(),
    encode: z.number(),
    network: z.number(),
    tail: z.number(),
  }),
});

/** One inference after the other. @throws CutlineError PROCESS_ENDED, CANCELLED */
export async function runRelay(side: number, options: DeploymentOptions): Promise<Latency[]> {
  const { command, url, threads, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'cutline-profile-'));
  const quiet = () => {};
  try {
    const files = await writeRelay(folder, side, { url, threads, inferences: WARM_UPS + options.inferences });
    const consumer = runCutline(command, ['consumer', '--config', files.consumer], quiet, signal);
    try {
      await consumer.said('ready: serving plan');
      const args = ['agent', '--config', files.agent, '--json', '--results', files.results];
      await runCutline(command, args, quiet, signal).finished;
    } finally {
      await consumer.stop();
    }
    const lines = (await readFile(files.results, 'utf8')).trimEnd().split('\n');
    return lines.slice(WARM_UPS).map((line) => lineSchema.parse(JSON.parse(line)).latencyMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
