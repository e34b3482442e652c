/**
 * Writes the shipped profiles of boards and cloud machines that nobody of us has measured: `node scripts/profiles.mjs`. What is
 * published stands here with its source; what is scaled from it says by what. Links are written by hand.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

const folder = join(import.meta.dirname, '../profiles');
const hpl = (issue) => `HPL, github.com/geerlingguy/top500-benchmark/issues/${issue}`;

const figure = (unit) => (value, source, words) => ({
  value: Number(value.toPrecision(3)),
  unit,
  source,
  ...(source === 'published' ? { citation: words } : { note: words }),
});
const [ms, macs, bytes, watts, size, elements] = ['ms', 'MAC/s', 'B/s', 'W', 'B', 'element/s'].map(figure);
const modelled = 'modelled';

/** Scission 2020 (Lockhart et al.), TensorFlow 2.1 on a Raspberry Pi 4, batch 1. */
const pi4 = { dense: 7.5e9, depthwise: 6.4e7, memory: 1.75e9, nodeMs: 0.02, callMs: 0.2, gflops: 11.889 };

/** Speeds of the Raspberry Pi 4 times a ratio. */
function compute(ratio, words) {
  const roof = (speed) => ({
    macsPerS: macs(speed * ratio, modelled, words),
    bytesPerS: bytes(pi4.memory * ratio, modelled, words),
  });
  return {
    classes: {
      conv: roof(pi4.dense),
      depthwise: roof(pi4.depthwise),
      matmul: roof(pi4.dense),
      elementwise: { bytesPerS: bytes(pi4.memory * ratio, modelled, words) },
    },
    nodeOverheadMs: ms(pi4.nodeMs / ratio, modelled, words),
    callOverheadMs: ms(pi4.callMs / ratio, modelled, words),
  };
}

/** Measured, and shipped as it is. */
const here = parse(await readFile(join(folder, 'x86-epyc-2-cores.yaml'), 'utf8'));

/** One thread of scripts, so many times as slow. */
function runtime(times) {
  const words = `x86-epyc-2-cores × ${times}: the ratio of single-threaded scripts, assumed; cutline profile measures it`;
  const term = ({ p50: { fixedMs, msPerByte } }) => ({
    p50: {
      fixedMs: ms(fixedMs.value * times, modelled, words),
      msPerByte: figure('ms/B')(msPerByte.value * times, modelled, words),
    },
  });
  const { agent, consumer } = here.runtime;
  return {
    agent: { head: term(agent.head), encode: term(agent.encode) },
    consumer: { tail: term(consumer.tail), exchange: term(consumer.exchange) },
  };
}

/** Elements a second of each stage. */
const mechanism = (times) =>
  Object.fromEntries(
    Object.entries(here.mechanism).map(([kind, { value }]) => [
      kind,
      elements(value / times, modelled, `x86-epyc-2-cores / ${times}, assumed`),
    ]),
  );

const memory = (gib, citation) => size(gib * 2 ** 30, 'published', citation);
const byHpl = (gflops, issue) => [
  gflops / pi4.gflops,
  `raspberry-pi-4 × ${gflops}/${pi4.gflops}, the ratio of their HPL results (${hpl(issue)}, ${hpl(13)})`,
];
const sheet = (product) => `raspberrypi.com, product brief of ${product}`;

const profiles = {
  'raspberry-pi-zero-2-w': {
    machine: {
      model: 'Raspberry Pi Zero 2 W',
      cpu: 'RP3A0, Cortex-A53 at 1 GHz',
      architecture: 'arm64',
      cores: 4,
      memoryBytes: memory(0.5, sheet('Raspberry Pi Zero 2 W')),
    },
    compute: compute(
      0.28,
      'raspberry-pi-4 × 0.28: Cortex-A53 at 1 GHz has half the width of a Cortex-A72 at 1.8 GHz (64 against 128 bits of NEON a cycle). Its HPL result (0.37 Gflops, top500-benchmark issue 26) was short of memory and is no guide',
    ),
    runtime: runtime(16),
    mechanism: mechanism(16),
    power: {
      idleW: watts(
        0.6,
        'published',
        'cnx-software.com/2021/12/09/raspberry-pi-zero-2-w-power-consumption: about 120 mA at 5 V, Raspberry Pi OS Bullseye',
      ),
      busyW: watts(2.1, 'published', `${hpl(26)}, at the wall`),
    },
  },
  'intel-n100': {
    machine: { model: 'Radxa X4', cpu: 'Intel N100', architecture: 'x64', cores: 4 },
    compute: compute(...byHpl(37.224, 38)),
    runtime: runtime(1.3),
    mechanism: mechanism(1.3),
    power: { busyW: watts(16, 'published', `${hpl(38)}, at the wall; it settles at about 2 GHz`) },
  },
  'jetson-tx2': {
    machine: { model: 'NVIDIA Jetson TX2', cpu: 'Cortex-A57 and Denver 2', architecture: 'arm64', cores: 6 },
    power: {
      busyW: watts(
        15,
        'published',
        'NVIDIA Jetson TX2 module data sheet: power modes of 7.5 W (Max-Q) and 15 W (Max-P), the upper limit of the second',
      ),
    },
  },
  'cloud-epyc-8-cores': {
    machine: { cpu: 'AMD EPYC', architecture: 'x64', cores: 8 },
    compute: compute(
      30,
      'raspberry-pi-4 × 30: x86-epyc-2-cores is about 7.6 times as fast with two threads, and four times as many gain all of it',
    ),
    runtime: runtime(1),
    mechanism: mechanism(1),
  },
  'cloud-graviton-4-cores': {
    machine: { cpu: 'Arm Neoverse N1', architecture: 'arm64', cores: 4 },
    compute: compute(
      ((655.9 / 64) * 4) / pi4.gflops,
      `raspberry-pi-4 × 3.45: four of the 64 Neoverse N1 cores of an Ampere Altra Q64-22, 655.9 Gflops together (${hpl(19)}), over 11.889 (${hpl(13)}); cloud cores clock higher`,
    ),
    runtime: runtime(1.2),
    mechanism: mechanism(1.2),
  },
};

for (const [name, rest] of Object.entries(profiles)) {
  const header = `# Written by scripts/profiles.mjs: nobody of us has measured this machine. Run \`cutline profile MODEL --name my-own\` on it.\n`;
  const text = stringify(
    { format: 'cutline.profile/1', name, ...rest },
    { lineWidth: 120, aliasDuplicateObjects: false },
  );
  await writeFile(join(folder, `${name}.yaml`), header + text);
}
