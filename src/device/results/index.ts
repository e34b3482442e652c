/** Where results go, line by line. */
export { appendTo, fsyncSchema, type Lines } from './append.ts';
export { Done } from './done.ts';
export { lookAtResults, type Results } from './results.ts';
