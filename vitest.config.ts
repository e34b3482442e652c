import { configDefaults, defineConfig } from 'vitest/config';

/** What takes a minute each and guards what seldom changes: with THOROUGH=1 only, so that the rest stays under a quarter of an hour. */
const thorough = [
  ...['rounded', 'victims', 'substitute', 'linear', 'inverse-network', 'shadow'].map(
    (name) => `privacy/attacks/${name}`,
  ),
  'cli/folders',
  'cli/run-profile',
  'e2e/updates-service',
].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      // Packs a whole agent: npm run test:bundle.
      'test/bundle/**',
      ...(process.env.THOROUGH ? [] : [...thorough]),
    ],
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
