import { expect, it } from 'vitest';
import { auditTable, exposureTable, failedTable } from '../../src/report/index.ts';
import { example } from './example.ts';

const entry = example.attacks[0]!;

it('shows each attack on a line, with its interval and its gain over a guess', () => {
  const lines = auditTable([{ ...entry, defense: 'none' }]).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).not.toContain('defense');
  expect(lines[1]).toMatch(
    /^conv1\s+white-box\s+rmle\s+30\s+0\.998\s+0\.928 … 1\.000\s+1\.000\s+\+0\.788\s+37\.9\s+99\.8%\s+89\.4%\s+12\.3$/,
  );
});

it('shows defense and codec only where they differ from none and float32', () => {
  const [header] = auditTable([entry, { ...entry, defense: 'input.gauss(sd=1)', codec: 'uint8' }]).split('\n');
  expect(header).toMatch(/^cut\s+defense\s+codec\s+threat/);
});

it('leaves out what was not measured, and lets no escape sequence through', () => {
  const bare = {
    cut: '\u001b[31mred',
    defense: 'none',
    codec: 'float32',
    threat: 'white-box',
    attack: 'rmle',
    ssim: entry.ssim,
  };
  const line = auditTable([bare]).split('\n')[1]!;
  expect(line).toMatch(/^\?\[31mred .*– .*–$/);
});

it('shows attacks that failed apart, with their reason', () => {
  const failed = { cut: 'act', defense: 'none', threat: 'white-box', attack: 'rmle', message: 'it took no step' };
  expect(failedTable([failed]).split('\n')[1]).toMatch(/^act\s+white-box\s+rmle\s+it took no step$/);
});

it('has a column for the label where it is known', () => {
  const [header, known, unknown] = auditTable([
    { ...entry, defense: 'none', labelAgreement: { share: 0.625, baseline: 0.1 } },
    { ...entry, defense: 'none' },
  ]).split('\n');
  expect(header).toMatch(/PSNR dB\s+same label\s+rank-1/);
  expect(known).toMatch(/37\.9\s+62\.5%\s+99\.8%/);
  expect(unknown).toMatch(/37\.9\s+–\s+99\.8%/);
});

it('shows what is known without an attack, the bound only where there is one', () => {
  const plain = { cut: 'conv1', defense: 'none', distanceCorrelation: { value: 0.98765, n: 500 } };
  expect(exposureTable([plain]).split('\n')).toEqual([
    expect.stringMatching(/^cut\s+distance correlation\s+n$/),
    expect.stringMatching(/^conv1\s+0\.988\s+500$/),
  ]);
  const noisy = { cut: 'conv1', defense: 'input.gauss(sd=1)', dfil: { value: 4, mseBound: 0.25 } };
  const [header, first, second] = exposureTable([plain, noisy]).split('\n');
  expect(header).toContain('MSE bound (unbiased)');
  expect(first).toMatch(/–$/);
  expect(second).toMatch(/–\s+–\s+0\.250$/);
});

it('shows how many bits a message has where what is sent is discrete', () => {
  const open = { cut: 'conv1', defense: 'none', bitsCap: null };
  const code = { cut: 'code', defense: 'none', bitsCap: 256 };
  const [header, first, second] = exposureTable([open, code]).split('\n');
  expect(header).toMatch(/bits at most$/);
  expect(first).toMatch(/–$/);
  expect(second).toMatch(/ 256$/);
  expect(exposureTable([open])).not.toContain('bits');
});
