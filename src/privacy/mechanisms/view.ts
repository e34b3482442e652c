/** What somebody sees of pictures who knows the mechanism and watches each scene some number of times. */
import { asFloat32, float32, type Tensors } from '../../model/tensor.ts';
import { combined, type Likelihood, likelihoodOf } from './likelihood.ts';
import { hasStages, isRandom, type Mechanism, release } from './mechanism.ts';
import type { NoiseSource } from './noise.ts';

export interface View {
  readonly mechanism: Mechanism;
  /** Of one scene, by a camera that stands still. */
  readonly observations: number;
  readonly likelihood: Likelihood;
  /** What the wire makes of a release; left out where it loses nothing. */
  readonly wire?: ((tensors: Tensors) => Promise<Tensors>) | undefined;
}

export function viewOf(mechanism: Mechanism, observations = 1, wire?: View['wire']): View {
  const repeated = isRandom(mechanism) ? observations : 1;
  return { mechanism, observations: repeated, likelihood: likelihoodOf(mechanism, repeated), wire };
}

/**
 * @param input network inputs by name, [n, …]
 * @param head what runs between the two places of a mechanism
 * @param draws for a row and an observation of it
 * @returns one combined observation of each scene, [n, …]
 */
export async function observed(
  { mechanism, observations, wire, likelihood }: View,
  input: Tensors,
  head: (input: Tensors) => Promise<Tensors>,
  draws: (row: number, observation: number) => NoiseSource,
): Promise<Tensors> {
  // Randomness after the head alone: the head need not run again.
  const anew = mechanism.stages.some((s) => s.place === 'input' && s.stage.law.kind !== 'deterministic');
  const seen: Tensors[] = [];
  let raw: Tensors | undefined;
  for (let k = 0; k < observations; k++) {
    const from = sources((row) => draws(row, k));
    if (!raw || anew) raw = await head(release(mechanism, 'input', input, from));
    const sent = hasStages(mechanism, 'activation') ? release(mechanism, 'activation', raw, from) : raw;
    seen.push(wire ? await wire(sent) : sent);
  }
  const [first] = seen as [Tensors, ...Tensors[]];
  if (seen.length === 1) return first;
  return Object.fromEntries(
    Object.entries(first).map(([name, t]) => [
      name,
      float32(
        combined(
          seen.map((s) => asFloat32(s[name])),
          likelihood,
        ),
        t.shape,
      ),
    ]),
  );
}

/** The same source for a row before and after the head: its draws go on. */
function sources(make: (row: number) => NoiseSource): (row: number) => NoiseSource {
  const known = new Map<number, NoiseSource>();
  return (row) => {
    const source = known.get(row) ?? make(row);
    known.set(row, source);
    return source;
  };
}
