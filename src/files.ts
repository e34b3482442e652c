/** Files at the edge. */
export { kindOf, readBounded, readError, readOnly, requireFile, statOf } from './read-files.ts';
export {
  checkWritable,
  makeFolder,
  type Place,
  placeOf,
  temporaryBeside,
  writeAtomically,
  writeDescriptor,
  writeError,
} from './write-files.ts';
