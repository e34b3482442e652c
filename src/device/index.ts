/** The trusted side: pictures in, defended activations out, answers back. */
export { checkAgent } from './check.ts';
export { type AgentConfig, agentConfigSchema, readAgentConfig } from './config.ts';
export type { Spread } from './latencies.ts';
export type { Failed, Inference, Latency } from './record.ts';
export { readRoutesLog, replay } from './routes/index.ts';
export { type AgentOptions, startAgent } from './start.ts';
export type { AgentSummary } from './summary.ts';
