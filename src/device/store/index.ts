/** What waits on the disk for its answer. */
export { Store, type StoreCounts } from './store.ts';
