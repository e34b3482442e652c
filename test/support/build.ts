import { execFileSync } from 'node:child_process';

/** Worker threads and the e2e processes run compiled JavaScript, so dist/ is brought up to date before any test. */
export default function build(): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
}
