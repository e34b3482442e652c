/** What a consumer says of itself is what a dashboard takes, however much it serves. */
import { expect, it } from 'vitest';
import { healthOf } from '../../src/cloud/health.ts';
import { consumerHealthSchema, MOST_HEALTH_BYTES } from '../../src/ops/index.ts';
import { id, start } from './started.ts';

it('is believed also of a consumer that serves many plans with many routes', () => {
  const { consumer } = start();
  const planIds = Array.from({ length: 500 }, (_, i) => id(i));
  const said = healthOf({ name: 'one', planIds, everyS: 30, queue: 64, consumer })(false);
  expect(consumerHealthSchema.safeParse(said).error).toBeUndefined();
  expect(said.planIds).toEqual(planIds.slice(0, 64));
  expect(JSON.stringify(said).length).toBeLessThan(MOST_HEALTH_BYTES);
});
