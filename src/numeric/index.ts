/** Arithmetic on arrays of numbers that every part may use: one definition of each. */
export { agreements, argMax, argMaxRows } from './arg-max.ts';
export { cholesky } from './cholesky.ts';
export { type CodeGrid, codeGrid, mostCodeBits, type NoCode } from './code.ts';
export { median, quantile, quantileOfSorted } from './quantile.ts';
export { Reservoir } from './reservoir.ts';
export { meanSquareOf, squaredDistance, sumOfSquares } from './squares.ts';
export { gaussianTaps, type Taps } from './taps.ts';
