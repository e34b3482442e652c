/**
 * `npm run bench [-- --only NAME]… [--rounds N] [--threads N] [--victims N] [--cut NAME] [--json]`: speed and quality against
 * rivals on this machine, now. `--victims` and `--cut` are for time-to-quality.
 * Nothing is asserted: figures are ratios within one run, for somebody to read.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/engine/index.js';
import { examinationText, examine, rivalName } from './blas.mjs';
import { harden } from './harden.mjs';
import { lbfgs } from './lbfgs.mjs';
import { operators } from './operators.mjs';
import { quality } from './quality.mjs';
import { rmle } from './rmle.mjs';
import { split } from './split.mjs';
import { start } from './start.mjs';
import { topicText } from './table.mjs';
import { tfjs } from './tfjs.mjs';
import { timeToQuality } from './time-to-quality.mjs';
import { openTorch } from './torch.mjs';
import { training } from './training.mjs';

const topics = {
  start,
  split,
  rmle,
  tfjs,
  lbfgs,
  quality,
  training,
  harden,
  operators,
  'time-to-quality': timeToQuality,
};
const againstTorch = new Set(['rmle', 'time-to-quality', 'lbfgs', 'training', 'harden', 'operators']);

const options = readOptions();
const { threads } = options;
const missing = [];
const warn = (text) => {
  missing.push(text);
  process.stderr.write(`\n!!! ${text}\n`);
};
// Somebody who reads the first lines only (`| head`) has read enough.
process.stdout.on('error', () => process.exit(1));
const say = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);

const before = loadavg();
const wantsTorch = options.only.some((name) => againstTorch.has(name));
const torch = wantsTorch ? await openTorch(threads) : undefined;
if (torch?.missing) warn(`NO RIVAL: ${torch.missing}. Only figures of our own follow, without ratios.`);
// As audits and trainings run; as many threads as the rival.
const engine = await createEngine({ threads, spinning: true, flushDenormals: true });
const results = [];
// At the start: what the measuring itself does to the load is no matter.
const busy = before[0] > 0.5;
let rival;
let examination;
try {
  say(`cutline bench: ${options.rounds} rounds, ${threads} threads, ours and rival in turn; median (lowest–highest)`);
  say(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, load ${loadText(before)}`);
  if (busy) {
    say(
      '!!! The machine is busy: read the ratios by processor time, by which targets are judged now; the wall’s mean little, and',
    );
    say(
      '!!! with several threads they flatter us: PyTorch’s threads wait for each other at every operator. Try --threads 1.',
    );
  }
  if (torch && !torch.missing) {
    examination = await examine(engine, torch);
    rival = { ...torch, name: rivalName(torch.name, examination) };
    for (const line of examinationText(torch.name, examination)) {
      if (line.startsWith('!!!')) warn(line.slice(4));
      else say(line);
    }
  }
  for (const name of options.only) {
    try {
      const result = await topics[name]({
        engine,
        torch: rival,
        rounds: options.rounds,
        victims: options.victims,
        cut: options.cut,
        busy,
      });
      if (result.missing) missing.push(`${name}: ${result.missing}`);
      results.push({ topic: name, ...result });
      say(topicText(result));
    } catch (error) {
      // The rest may still be worth having.
      warn(`${name} FAILED: ${error.message}`);
      process.exitCode = 1;
    }
  }
} finally {
  await engine.close();
  await torch?.close?.();
}
say(`\nload at the end ${loadText(loadavg())}`);
if (missing.length > 0) say(`!!! MISSING:\n${missing.map((m) => `    ${m}`).join('\n')}`);
if (options.json) {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const machine = { processor: cpus()[0]?.model ?? null, cores: availableParallelism(), node: process.version };
  const load = { before, after: loadavg() };
  const document = {
    format: 'cutline.bench/1',
    version,
    machine,
    load,
    busy,
    threads,
    rounds: options.rounds,
    rival: examination ?? null,
  };
  process.stdout.write(`${JSON.stringify({ ...document, topics: results, missing }, null, 2)}\n`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        rounds: { type: 'string', default: '5' },
        threads: { type: 'string', default: '2' },
        victims: { type: 'string', default: '100' },
        cut: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const only = values.only ?? Object.keys(topics);
    const unknown = only.find((name) => !Object.hasOwn(topics, name));
    if (unknown !== undefined) throw new Error(`no topic ${unknown}; topics: ${Object.keys(topics).join(', ')}`);
    const whole = (name) => {
      const n = Number(values[name]);
      if (!Number.isInteger(n) || n < 1) throw new Error(`--${name} takes a whole number above 0`);
      return n;
    };
    const { cut, json } = values;
    return { only, rounds: whole('rounds'), threads: whole('threads'), victims: whole('victims'), cut, json };
  } catch (error) {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exit(2);
  }
}

function loadText(load) {
  return load.map((x) => x.toFixed(1)).join(' ');
}
