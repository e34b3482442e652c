/** Files at the edge. */
export { kindOf, readBounded, readError, readOnly, requireFile, statOf } from './read-files.ts';
export {
  checkFolder,
  checkNoFile,
  checkWritable,
  makeFolder,
  type Place,
  placeOf,
  writeAtOnce,
  writeAtomically,
  writeDescriptor,
  writeError,
} from './write-files.ts';
