/**
 * rMLE that begins where an inverse network ended: the decoder knows what pictures look like, the descent what this one's
 * features are. White-box, and expected to be the strongest.
 */
import type { BlackBoxAttack, Reconstruction, WhiteBoxAttack, WhiteBoxContext } from './attack.ts';
import { descend, type RmleOptions } from './rmle.ts';
import { applyRows } from './rows.ts';

/** Share of the time that the decoder's training is expected to take. */
const trainingShare = 0.6;

/** @param inverse the attack whose decoder gives the start; run again only where it has not been run */
export function hybrid(inverse: BlackBoxAttack, options: RmleOptions): WhiteBoxAttack {
  return { name: 'hybrid', threat: 'white-box', run: (context) => run(context, inverse, options) };
}

async function run(context: WhiteBoxContext, inverse: BlackBoxAttack, options: RmleOptions): Promise<Reconstruction> {
  const { engine, signal, onProgress } = context;
  const parent = await inverse.run({ ...context, onProgress: (done) => onProgress?.(done * trainingShare) });
  const decoder = parent.decoder!;
  const found = await descend(
    {
      ...context,
      random: context.random.fork('hybrid'),
      onProgress: (done) => onProgress?.(trainingShare + (1 - trainingShare) * done),
    },
    // The attacker's own pictures, on which λ is searched, begin at the decoder's answer too.
    { ...options, start: (seen) => applyRows(engine, decoder, seen, signal) },
  );
  const { validationPsnr, ...decoderParameters } = parent.parameters;
  return {
    ...found,
    ...(parent.queries !== undefined && { queries: parent.queries }),
    parameters: { ...decoderParameters, ...found.parameters },
    budgets: { ...parent.budgets, ...found.budgets },
    ...((parent.usual || found.usual) && { usual: { ...parent.usual, ...found.usual } }),
    ...(parent.exhausted && { exhausted: true }),
    decoder,
  };
}
