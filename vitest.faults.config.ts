import { defineConfig } from 'vitest/config';

/** Hours of trouble, for nights and releases: npm run test:faults. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    globalSetup: ['test/support/build.ts'],
    maxWorkers: 1,
    pool: 'forks',
  },
});
