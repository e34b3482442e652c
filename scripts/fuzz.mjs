/** `npm run fuzz`: compiles test/fuzz and what it tests, and runs it; its options are in test/fuzz/main.ts. */
import { spawnSync } from 'node:child_process';

const node = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit' });

const compiled = node('node_modules/typescript/bin/tsc', '-p', 'test/fuzz/tsconfig.json');
process.exitCode =
  compiled.status === 0
    ? (node('node_modules/.cache/cutline-fuzz/test/fuzz/main.js', ...process.argv.slice(2)).status ?? 1)
    : 1;
