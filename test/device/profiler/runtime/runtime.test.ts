/** Broker, consumer and agent run as processes, as they would in the field: what they take is what a plan counts. */
import { resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measureRuntime } from '../../../../src/device/profiler/runtime/index.ts';
import { createEngine } from '../../../../src/engine/index.ts';
import { runtimeSchema } from '../../../../src/profile/runtime.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
const command = resolve(import.meta.dirname, '../../../../dist/cli/main.js');

describe('measuring the runtime', () => {
  it('runs relays and says what they took, beyond arithmetic and link', async () => {
    const said: string[] = [];
    const runtime = await measureRuntime(engine, {
      command,
      threads: 1,
      sides: [16, 64],
      inferences: 30,
      budgetMs: 10_000,
      log: (line) => said.push(line),
    });
    runtimeSchema.parse(runtime);
    expect(said).toHaveLength(2);
    const { agent, consumer } = runtime;
    // Wide brackets: whatever runs these tests, busy or not.
    for (const term of [agent.encode, consumer.tail, consumer.exchange]) {
      const whole = term.p50.fixedMs.value + 16_384 * term.p50.msPerByte.value;
      expect(whole).toBeGreaterThan(0.001);
      expect(whole).toBeLessThan(1000);
      expect(term.p95!.fixedMs.source).toBe('measured');
    }
  }, 60_000);

  it('ends when it is told to', async () => {
    const signal = AbortSignal.timeout(300);
    const run = measureRuntime(engine, { command, threads: 1, budgetMs: 10_000, signal, log: () => {} });
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  }, 30_000);
});
