import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { saveDecoders } from '../../src/cli/attack-options.ts';
import type { AuditOutcome } from '../../src/privacy/audit/index.ts';
import { chain } from '../support/networks.ts';

/** Cells of which nothing but names and decoders is looked at. */
const cellsOf = (...cuts: string[]) =>
  ({
    cells: cuts.map((cut) => ({
      results: [{ cut, defense: 'none' }],
      decoders: new Map([['inverse-network:100', chain({ batch: 'n' })]]),
    })),
  }) as unknown as AuditOutcome;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cutline-decoders-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

it('cuts whose names a file cannot hold do not take each other’s place, nor is any too long', async () => {
  const dir = await folder();
  await saveDecoders(dir, cellsOf('block/relu', 'block:relu', 'x'.repeat(400)));
  const names = await readdir(dir);
  expect(names.filter((name) => name.startsWith('block-relu')).sort()).toEqual([
    'block-relu.none.inverse-network-100.2.onnx',
    'block-relu.none.inverse-network-100.onnx',
  ]);
  expect(names).toHaveLength(3);
});

it('one that cannot be written does not cost the others', async () => {
  const dir = await folder();
  await mkdir(join(dir, 'a.none.inverse-network-100.onnx'));
  await expect(saveDecoders(dir, cellsOf('a', 'b'))).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
  expect((await readdir(dir)).sort()).toEqual(['a.none.inverse-network-100.onnx', 'b.none.inverse-network-100.onnx']);
});
