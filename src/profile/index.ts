/** Profiles of machines and links: shared by the profiler, which writes them, and the planner, which reads them. */
export type { Figure } from './figure.ts';
export { readProfile, shippedProfiles, writeProfile } from './read.ts';
export { rooflineMs } from './roofline.ts';
export type { Runtime, RuntimeTerm } from './runtime.ts';
export {
  type Compute,
  type Link,
  type Machine,
  type MeasuredModel,
  type OperatorClass,
  operatorClasses,
  type Power,
  type Profile,
  profileSchema,
} from './schema.ts';
