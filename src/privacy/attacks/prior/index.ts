/** What an attacker knows of pictures before he sees features. */
export {
  type Basis,
  basisNames,
  basisRows,
  inBasis,
  planesFirst,
  type Structure,
} from './basis.ts';
export {
  type Belief,
  type BeliefSearch,
  chooseBelief,
  looksAt,
  reconstruct,
  repeated,
  repeatedTensor,
  searchSteps,
  type TriedBelief,
} from './choose.ts';
export { learned } from './learned.ts';
export { natural, pixels } from './natural.ts';
