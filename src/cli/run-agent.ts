/** `cutline agent`: an agent of its own; or, with `updates:`, a supervisor that starts it as often as its plan changes. */
import type { AgentSummary } from '../device/index.ts';
import { CutlineError } from '../errors.ts';
import { fail, note, print, report } from './output.ts';
import { agentText } from './service-text.ts';
import { stopSignal } from './stop.ts';

export interface AgentArguments {
  readonly config: string;
  readonly set: readonly string[];
  readonly images: readonly string[] | undefined;
  readonly results?: string | undefined;
  readonly resume: boolean;
  readonly overwrite?: boolean | undefined;
  readonly 'give-up-after'?: number | undefined;
  readonly json?: boolean | undefined;
}

const log = (line: string) => process.stderr.write(`agent: ${line}\n`);

/** @throws CutlineError what a start finds wrong */
export async function runAgentCommand(argv: AgentArguments): Promise<void> {
  const stop = stopSignal();
  if (process.env.CUTLINE_SUPERVISED !== undefined) return runSupervised(argv, stop);
  if (await takesUpdates(argv)) return supervise(argv, stop);
  const { startAgent } = await import('../device/index.ts');
  told(argv, await startAgent({ ...optionsOf(argv), stop }));
}

/** Without what an agent needs to run: a supervisor stays small. */
async function takesUpdates({ config: path, set, images, results, ...argv }: AgentArguments): Promise<boolean> {
  const { readAgentConfig, checkResults } = await import('../device/updates/index.ts');
  const { config } = await readAgentConfig(path, { env: process.env, set });
  if (!config.updates) return false;
  checkResults(images ? {} : config, results, existingOf(argv));
  return true;
}

async function supervise({ config: configPath, set, json }: AgentArguments, stop: AbortSignal): Promise<void> {
  const { superviseAgent } = await import('../device/updates/index.ts');
  const { exit, failure } = await superviseAgent({ configPath, set, log, stop });
  // The agent has said on stderr what was wrong; on stdout is one document, whoever ran.
  if (failure) report(failure, json ?? false);
  process.exitCode = exit;
}

async function runSupervised(argv: AgentArguments, signal: AbortSignal): Promise<void> {
  const { claimAgent, supervised } = await import('../device/updates/index.ts');
  const us = await supervised(signal);
  if (!us) throw new CutlineError('CANCELLED');
  try {
    await claimAgent(argv.config, argv.set);
    const { startAgent } = await import('../device/index.ts');
    const options = us.isFirst ? optionsOf(argv) : { ...optionsOf(argv), existingResults: 'resume' as const };
    const summary = await startAgent({ ...options, stop: us.stop, supervised: us });
    us.left();
    if (us.isRelieved) note(agentText(summary));
    else told(argv, summary);
  } catch (error) {
    us.failed(error);
    if (!(error instanceof CutlineError)) throw error;
    process.exitCode = error.exit;
  }
}

function optionsOf(argv: AgentArguments) {
  return {
    configPath: argv.config,
    set: argv.set,
    images: argv.images,
    resultsPath: argv.results,
    existingResults: existingOf(argv),
    isStdoutTaken: argv.json,
    giveUpAfterS: argv['give-up-after'],
    log,
  };
}

function existingOf({
  overwrite,
  resume,
}: Pick<AgentArguments, 'overwrite' | 'resume'>): 'overwrite' | 'resume' | 'add' {
  if (overwrite) return 'overwrite';
  return resume ? 'resume' : 'add';
}

function told({ json }: AgentArguments, summary: AgentSummary): void {
  // Lines of results are alone on standard output.
  if (summary.sinks.some(({ type }) => type === 'stdout')) note(agentText(summary));
  else print(json, summary, () => agentText(summary));
  const { failed, total } = summary.inferences;
  const first = summary.results.find((r) => 'error' in r);
  if (failed > 0 && !summary.stopped) {
    const problem = first && 'error' in first ? first.error.message : '';
    // On stderr only: stdout has its one document.
    fail(new CutlineError('INFERENCES_FAILED', { failed, total, problem }), false);
  }
}
