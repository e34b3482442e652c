/** What a cut gives away before anybody attacks it: dependence, and the Fisher information of its noise. */
export { type Dfil, dfil, inputNoiseDfil } from './dfil.ts';
export { distances } from './distances.ts';
export { type Jacobian, type JacobianMethod, squaredJacobian } from './jacobian.ts';
