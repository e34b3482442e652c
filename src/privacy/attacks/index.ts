/** Attacks by threat. */
export {
  type Attack,
  type AttackContext,
  type Reconstruction,
  type Threat,
  threats,
  type WhiteBoxAttack,
  type WhiteBoxContext,
} from './attack.ts';
export { type DescentOptions, descend, type RmleOptions, rmle } from './rmle.ts';
export type { Start } from './start.ts';
