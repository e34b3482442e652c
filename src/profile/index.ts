/** Profiles of machines and links: shared by the profiler, which writes them, and the planner, which reads them. */
export { readProfile, shippedProfiles, writeProfile } from './read.ts';
export {
  type Compute,
  type Figure,
  type Link,
  type Machine,
  type MeasuredModel,
  type OperatorClass,
  operatorClasses,
  type Power,
  type Profile,
  profileSchema,
} from './schema.ts';
