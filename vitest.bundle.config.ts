import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Bundles are packed with the strongest compression and run in an emulator: minutes, so not with the rest. */
export default defineConfig({
  test: { ...base.test, include: ['test/bundle/*.test.ts'], exclude: ['node_modules/**'] },
});
