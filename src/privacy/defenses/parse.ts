/** Defenses as people and plans write them. */
import { CutlineError } from '../../errors.ts';
import type { Defense, Distribution } from './defense.ts';
import { noise } from './noise.ts';
import { none } from './none.ts';

/** Beyond this float32 values drown; a larger one is a slip of the pen. */
const MAX_SCALE = 1e6;
const MIN_SCALE = 1e-9;

/**
 * `none`, or `noise:gaussian|laplace:input|activation:SCALE`, e.g. `noise:gaussian:activation:0.5`.
 * @throws CutlineError DEFENSE_SPEC; a relative scale (`0.5x`) is refused here: `resolveDefense` makes it absolute
 */
export function parseDefense(spec: string): Defense {
  return resolve(spec, undefined);
}

/** A scale like `0.5x` means 0.5 times the root mean square of the tensor on the user's own pictures. */
export function isRelative(spec: string): boolean {
  return spec.startsWith('noise:') && spec.endsWith('x');
}

/**
 * As `parseDefense`, with a relative scale made absolute, so that audits, plans and devices only ever see fixed noise.
 * @param rms root mean square of the tensor defended, on calibration data
 */
export function resolveDefense(spec: string, rms: number): Defense {
  return resolve(spec, rms);
}

function resolve(spec: string, rms: number | undefined): Defense {
  const wrong = (problem: string) => new CutlineError('DEFENSE_SPEC', { spec: spec.slice(0, 100), problem });
  if (spec === 'none') return none;
  const [kind, distribution, where, scaleText, ...rest] = spec.split(':');
  if (kind !== 'noise') throw wrong(`there is no defense ${kind?.slice(0, 40)}`);
  if (distribution !== 'gaussian' && distribution !== 'laplace') throw wrong('the noise is gaussian or laplace');
  if (where !== 'input' && where !== 'activation') throw wrong('noise goes on the input or the activation');
  if (rest.length > 0) throw wrong('there is something after the scale');
  const scale = scaleOf(scaleText ?? '', rms, wrong);
  return noise(distribution satisfies Distribution, where, scale);
}

function scaleOf(text: string, rms: number | undefined, wrong: (problem: string) => CutlineError): number {
  const [, digits, relative] = /^(\d{1,20}(?:\.\d{1,20})?(?:e[-+]?\d{1,3})?)(x?)$/.exec(text) ?? [];
  if (digits === undefined) throw wrong('the scale is a number above 0, e.g. 0.5');
  let scale = Number(digits);
  if (relative) {
    if (rms === undefined) throw wrong('a scale with x needs pictures to be measured on');
    // Four digits: the noise is no finer than its calibration, and the spec stays readable.
    scale = Number((scale * rms).toPrecision(4));
  }
  if (!(scale >= MIN_SCALE && scale <= MAX_SCALE)) throw wrong(`the scale is between ${MIN_SCALE} and ${MAX_SCALE}`);
  return scale;
}
