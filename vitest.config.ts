import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes: npm run test:bundle.
    exclude: ['node_modules/**', 'test/bundle/**'],
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/properties.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
    // Their gradients are published only as ES modules that Node does not resolve: vite does.
    server: { deps: { inline: [/@tensorflow/] } },
  },
});
