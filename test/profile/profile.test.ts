import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProfile, shippedProfiles, writeProfile } from '../../src/profile/index.ts';

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'cutline-profile-'))));
afterAll(() => rm(dir, { recursive: true }));

function figuresOf(value: unknown): { source: string; note?: string; citation?: string }[] {
  if (!value || typeof value !== 'object') return [];
  if ('source' in value && 'unit' in value) return [value as never];
  return Object.values(value).flatMap(figuresOf);
}

const shipped = await shippedProfiles();

describe('shipped profiles', () => {
  it('has the boards and links that the documentation names', () => {
    expect(shipped).toEqual(
      expect.arrayContaining([
        ...['zero-2-w', '3b-plus', '4', '5'].map((pi) => `raspberry-pi-${pi}`),
        ...['jetson-nano', 'jetson-orin-nano', 'jetson-tx2', 'intel-n100'],
        ...['cloud-generic', 'x86-epyc-2-cores', 'cloud-epyc-8-cores', 'cloud-graviton-4-cores'],
        ...['link-ethernet', 'link-wifi', 'link-wifi-poor', 'link-lte', 'link-nb-iot'],
      ]),
    );
  });

  it.each(shipped)('%s is valid, carries its name, and says where every figure is from', async (name) => {
    const profile = await readProfile(name);
    expect(profile.name).toBe(name);
    for (const f of figuresOf(profile)) {
      if (f.source === 'published') expect(f.citation).toBeTruthy();
      if (f.source === 'modelled') expect(f.note).toBeTruthy();
      // What was measured was measured somewhere: only this machine's class ships such figures.
      if (f.source === 'measured') expect(name).toBe('x86-epyc-2-cores');
    }
  });
});

const watts = (value: number | string) => `{ value: ${value}, unit: W, source: measured }`;
const ms = (value: number) => `{ value: ${value}, unit: ms, source: measured }`;

describe('reading profiles', () => {
  it('lists the shipped names when a name is wrong', async () => {
    await expect(readProfile('rasberry')).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
      exit: 2,
      message: expect.stringContaining('raspberry-pi-4'),
    });
  });

  it.each([
    [
      'an unknown key',
      'power: { busyW: { value: 1, unit: W, source: measured }, volts: 3 }',
      'power.volts: unknown key',
    ],
    ['a wrong unit', 'power: { busyW: { value: 1, unit: mW, source: measured } }', 'power.busyW.unit'],
    ['a figure without a source', 'power: { busyW: { value: 1, unit: W } }', 'power.busyW.source'],
    ['more power at rest than at work', `power: { idleW: ${watts(9)}, busyW: ${watts(4)} }`, 'power.idleW: more power'],
    [
      'power in milliwatts',
      `power: { busyW: ${watts(4.2e6)} }`,
      'power.busyW.value: no machine or link has that many W',
    ],
    [
      'no rate at all',
      `link: { rttMs: ${ms(5)}, uplinkBps: { value: 0, unit: bit/s, source: measured } }`,
      'link.uplinkBps',
    ],
    [
      'a round trip of days',
      `link: { rttMs: ${ms(1e9)}, uplinkBps: { value: 1e6, unit: bit/s, source: measured } }`,
      'link.rttMs.value',
    ],
    ['a figure that is no number', `power: { busyW: ${watts('.nan')} }`, 'power.busyW.value'],
    [
      'percentiles out of order',
      'power: { busyW: { value: 1, unit: W, source: measured, spread: { p10: 3, p90: 2, n: 5 } } }',
      'power.busyW.spread: percentiles out of order',
    ],
    ['a negative figure', 'power: { busyW: { value: -1, unit: W, source: measured } }', 'power.busyW.value'],
  ])('says the path of %s', async (_, yaml, where) => {
    const path = join(dir, 'wrong.yaml');
    await writeFile(path, `format: cutline.profile/1\nname: x\n${yaml}\n`);
    await expect(readProfile(path)).rejects.toMatchObject({
      code: 'PROFILE_INVALID',
      message: expect.stringContaining(where),
    });
  });

  it('refuses YAML that multiplies itself', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const path = join(dir, 'bomb.yaml');
    await writeFile(path, lines.join('\n'));
    await expect(readProfile(path)).rejects.toMatchObject({ code: 'PROFILE_INVALID' });
  });

  it('reads back what it wrote', async () => {
    const path = join(dir, 'mine.yaml');
    const profile = { ...(await readProfile('raspberry-pi-4')), name: 'mine' };
    await writeProfile(path, profile);
    expect(await readProfile(path)).toEqual(profile);
    expect(await readFile(path, 'utf8')).toMatch(/^# Written by cutline profile/);
  });
});
