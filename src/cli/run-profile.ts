/** `cutline profile`: opens what the options name, measures, writes. */
import { arch } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokerSettingsSchema, connectOptions, isName } from '../broker/index.ts';
import { compiled } from '../compiled.ts';
import { profileMachine } from '../device/profiler/index.ts';
import { createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable } from '../files.ts';
import type { NetworkOptions } from '../model/index.ts';
import { type Profile, type Runtime, type RuntimeTerm, writeProfile } from '../profile/index.ts';
import { check } from '../validate.ts';
import { openModel } from './open-model.ts';
import { table, writeAll } from './output.ts';

const command = fileURLToPath(compiled('./main.js', import.meta.url));

export interface ProfileArguments {
  readonly model: string | undefined;
  readonly name: string | undefined;
  /** `-` writes nothing. */
  readonly out: string | undefined;
  readonly broker: string | undefined;
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
  readonly meter: string;
  readonly threads: number | undefined;
  readonly budgetMs: number;
  readonly shapes: readonly string[];
  readonly inputs?: readonly string[];
}

export interface ProfileWritten {
  readonly profile: Profile;
  /** Undefined when nothing was written. */
  readonly path: string | undefined;
  /** What could not be written after all. */
  readonly unwritten: readonly CutlineError[];
}

export async function runProfile(
  options: ProfileArguments,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<ProfileWritten> {
  const { threads, budgetMs, meter } = options;
  const name = options.name ?? arch();
  if (!isName(name)) {
    throw new CutlineError('USAGE', { problem: `--name ${name}: use letters, digits, dots, dashes and underscores.` });
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new CutlineError('USAGE', { problem: `--threads ${threads}: want a whole number from 1 on.` });
  }
  if (!(budgetMs > 0)) throw new CutlineError('USAGE', { problem: '--budget: want seconds above 0.' });
  const path = options.out === '-' ? undefined : (options.out ?? join('profiles', `${name}.yaml`));
  if (path !== undefined) await checkWritable(path);
  const connect = options.broker === undefined ? undefined : await connectTo(options.broker, options);
  const model = options.model === undefined ? undefined : await open(options.model, options);
  const profile = await profileMachine({
    name,
    created: new Date(),
    command,
    meter,
    budgetMs,
    signal,
    log,
    ...(threads !== undefined && { threads }),
    ...(connect && { connect }),
    ...(model && { model }),
  });
  const unwritten = await writeAll([path !== undefined && (() => writeProfile(path, profile))]);
  return { profile, path: unwritten.length > 0 ? undefined : path, unwritten };
}

async function open(path: string, options: NetworkOptions) {
  const engine = await createEngine({ threads: 1 });
  try {
    return await openModel(path, options, engine);
  } finally {
    await engine.close();
  }
}

function connectTo(url: string, { username, passwordFile }: ProfileArguments) {
  const given = {
    url,
    ...(username !== undefined && { username }),
    ...(passwordFile !== undefined && { passwordFile }),
  };
  const settings = check(given, brokerSettingsSchema, '--broker', 'OPTION_INVALID');
  return connectOptions(settings, '.', { clientId: `cutline-profile-${process.pid}` });
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

const errorText = (heldOut: { readonly medianError: number; readonly worstError: number } | undefined): string =>
  heldOut ? `${percent(heldOut.medianError)}, ${percent(heldOut.worstError)} at worst` : '–';

/** Of small messages; the profile has the part by bytes. */
function runtimeText({ agent, consumer }: Runtime): string {
  const fixed = (term: RuntimeTerm) => term.p50.fixedMs.value.toFixed(2);
  return `the runtime itself: agent ${fixed(agent.head)} + ${fixed(agent.encode)} ms, consumer ${fixed(consumer.tail)} ms, exchange ${fixed(consumer.exchange)} ms`;
}

export function profileText({ profile, path }: ProfileWritten): string {
  const { machine, compute, runtime, power, link, models } = profile;
  const lines = [`${profile.name}: ${machine?.cpu ?? machine?.architecture ?? ''}, ${compute?.threads} threads`];
  if (compute) {
    const rows = Object.entries(compute.classes).map(([name, roof]) => [
      name,
      roof.macsPerS ? (roof.macsPerS.value / 1e9).toFixed(2) : '–',
      (roof.bytesPerS.value / 1e9).toFixed(2),
      errorText(roof.heldOut),
    ]);
    lines.push(table([['operators', 'GMAC/s', 'GB/s', 'off by, sizes not fitted'], ...rows]));
    lines.push(`a node ${compute.nodeOverheadMs.value} ms, a call ${compute.callOverheadMs.value} ms`);
    lines.push(`heads that were not fitted: off by ${errorText(compute.heldOutHeads)}`);
  }
  if (runtime) lines.push(runtimeText(runtime));
  if (machine?.sustained) lines.push(`speed that lasts: ${percent(machine.sustained.value)} of the first second's`);
  lines.push(
    power
      ? `power ${power.idleW?.value} W idle, ${power.busyW.value} W busy (${power.busyW.source}, ${power.meter})`
      : 'power: no meter answers here, so energy stays unknown',
  );
  if (link) {
    const mbps = (bps: number) => (bps / 1e6).toFixed(1);
    const down = link.downlinkBps ? `${mbps(link.downlinkBps.value)} down` : 'down too fast to tell, taken as up';
    lines.push(`link ${link.rttMs.value} ms round trip, ${mbps(link.uplinkBps.value)} Mbit/s up, ${down}`);
  }
  for (const model of models ?? []) {
    const rows = model.cuts.map((c) => [c.cut, c.headMs?.value.toFixed(3) ?? '–', c.tailMs?.value.toFixed(3) ?? '–']);
    lines.push(table([[`${model.name ?? 'model'}, cut`, 'head ms', 'tail ms'], ...rows]));
  }
  if (path) lines.push(`Written to ${path}`);
  return lines.join('\n');
}
