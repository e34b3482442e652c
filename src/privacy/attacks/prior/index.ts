/** What an attacker knows of pictures before he sees features. */
export {
  type Basis,
  basisNames,
  basisRows,
  inBasis,
  planesFirst,
  type Structure,
} from './basis.ts';
export { learned } from './learned.ts';
export { natural, pixels } from './natural.ts';
