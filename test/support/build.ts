import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Worker threads and the e2e processes run compiled JavaScript, so dist/ is brought up to date before any test. Attacks of
 * an earlier run must not be found in a cache, nor those of tests in the user's.
 */
export default function build(): () => void {
  const cache = mkdtempSync(join(tmpdir(), 'cutline-test-cache-'));
  process.env.XDG_CACHE_HOME = cache;
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
  execFileSync(process.execPath, ['scripts/page.mjs'], { stdio: 'inherit' });
  return () => rmSync(cache, { recursive: true, force: true });
}
