/** The main job, shown. */
export { type DemoOptions, type DemoResult, runDemo } from './run.ts';
