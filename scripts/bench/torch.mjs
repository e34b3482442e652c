/**
 * The rival: one Python process with PyTorch that answers questions, one JSON line each. It sleeps while ours runs.
 * Debian's python3-torch; another interpreter by CUTLINE_PYTHON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * glibc gives blocks of more than 128 KB back to the system and takes them anew at every operator; where pages are dear
 * (virtual machines, sandboxes) PyTorch then spends nine tenths of a small attack on page faults. It shall lose to nothing
 * but our arithmetic: this lets it keep its memory, as onnxruntime keeps its own.
 */
const keepMemory = {
  MALLOC_MMAP_THRESHOLD_: String(32 << 20),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 31 - 1),
  MALLOC_TOP_PAD_: String(64 << 20),
};

/** Settings of the user's that would choose kernels or threads for the rival's libraries: it shall choose for itself. */
const chosenForIt = /^(OPENBLAS|GOTO|OMP|GOMP|KMP|MKL|DNNL|ONEDNN|ATEN|BLIS)_/;

export function rivalEnvironment(env) {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !chosenForIt.test(name))), ...keepMemory };
}

/** @returns a rival, or why there is none: `{ missing }` */
export async function openTorch(threads) {
  const script = join(import.meta.dirname, 'torch', 'rival.py');
  const python = process.env.CUTLINE_PYTHON ?? '/usr/bin/python3';
  const child = spawn(python, ['-B', script, String(threads)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: rivalEnvironment(process.env),
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  child.on('error', (error) => {
    complaint += error.message;
  });
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const howItEnded = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const last = complaint.trim().split('\n').at(-1);
    return `${child.signalCode ? ` by ${child.signalCode}` : ''}${last ? `: ${last}` : ''}`;
  };
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`PyTorch ended${await howItEnded()}`);
    return JSON.parse(value);
  };
  let hello;
  try {
    hello = await answer();
  } catch {
    return { missing: `no PyTorch at ${python} (${complaint.trim().split('\n').at(-1)}); on Debian: python3-torch` };
  }
  const folder = await mkdtemp(join(tmpdir(), 'cutline-bench-'));
  let files = 0;
  return {
    name: `PyTorch ${hello.torch}`,
    /** @returns the answer of the function `request.do` in rival.py */
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    /** Writes float32 values where Python reads them. */
    async share(data) {
      const path = join(folder, String(files++));
      await writeFile(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return path;
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
