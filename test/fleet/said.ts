/** What devices and consumers say, as they say it. */
import type { AgentHealth, ConsumerHealth } from '../../src/ops/index.ts';

export const planId = '0123456789abcdef0123456789abcdef';

export const health = (device: string, change: Partial<AgentHealth> = {}): AgentHealth => ({
  format: 'cutline.health/1',
  of: 'agent',
  device,
  planId,
  everyS: 1,
  uptimeS: 100,
  residentBytes: 140e6,
  waiting: 2,
  resends: 1,
  lateTwins: 0,
  reconnects: 0,
  refused: { forged: 3, unknown: 0 },
  inferences: { answered: 1234, failed: 0 },
  latencyMs: { p50: 41.2, p95: 88.7, answers: 290 },
  source: { dropped: 7, early: 120 },
  outbox: { waiting: 5, waitingBytes: 50_000, droppedForRoom: 1, droppedByAge: 0, droppedOfOtherPlans: 0 },
  power: { watts: 3.42, source: 'measured', meter: 'ina3221' },
  temperatureC: 54.3,
  failures: [],
  ...change,
});

export const consumerHealth = (name: string, change: Partial<ConsumerHealth> = {}): ConsumerHealth => ({
  format: 'cutline.health/1',
  of: 'consumer',
  name,
  planIds: [planId],
  everyS: 1,
  uptimeS: 100,
  residentBytes: 90e6,
  answered: 48_211,
  answeredPerS: 31.4,
  cpus: 0.62,
  duplicates: 3,
  unsent: 0,
  queue: { activations: 12, bytes: 10_000, most: 64 },
  failures: { OVERLOADED: 2 },
  refused: { malformed: 0 },
  leaving: false,
  ...change,
});

export const state = (device: string, status: 'online' | 'offline', change: object = {}) => ({
  format: 'cutline.state/1',
  status,
  device,
  planId,
  bootId: 'b'.repeat(32),
  ...change,
});

export const topic = {
  state: (device: string) => `cutline/v1/yard/${device}/state`,
  health: (device: string) => `cutline/v1/yard/${device}/health`,
  consumer: (name: string) => `cutline/v1/yard/_consumers/${name}/health`,
};

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
