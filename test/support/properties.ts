/**
 * Properties are tried on the same examples every time: a suite that fails by chance stops whoever is not to blame.
 * `FC_SEED=$RANDOM npx vitest run` tries others.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20261124) });
