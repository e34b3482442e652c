/** The untrusted side: activations in, answers out. */
export { checkConsumer } from './check.ts';
export { type ConsumerConfig, consumerConfigSchema, readConsumerConfig } from './config.ts';
export type { ConsumerCounts } from './consumer.ts';
export { type ConsumerStart, type ConsumerSummary, startConsumer } from './start.ts';
