/** Loss, which MQTT hides, from the kernel's counters. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countSegments, lossBetween } from '../../../../src/device/profiler/link/segments.ts';

it('reads how many segments were sent, and sent again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-snmp-'));
  try {
    const path = join(folder, 'snmp');
    await writeFile(
      path,
      'Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm InSegs OutSegs RetransSegs InErrs\nTcp: 1 900 1000 12 0\n',
    );
    expect(await countSegments(path)).toEqual({ sent: 1000, again: 12 });
    expect(await countSegments(join(folder, 'none'))).toBeUndefined();
    await writeFile(path, 'Tcp: InSegs\nTcp: 1\n');
    expect(await countSegments(path)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('is the share that was sent again between two looks, and unknown where nothing was sent', () => {
  expect(lossBetween({ sent: 1000, again: 10 }, { sent: 1095, again: 15 })).toBeCloseTo(0.05, 9);
  expect(lossBetween({ sent: 1000, again: 10 }, { sent: 1000, again: 10 })).toBeUndefined();
  expect(lossBetween({ sent: 1000, again: 10 }, { sent: 5, again: 0 })).toBeUndefined();
  expect(lossBetween(undefined, { sent: 5, again: 0 })).toBeUndefined();
});
