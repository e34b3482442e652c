/** Who is assumed to look at what the device sends. */

/**
 * What the attacker has (He et al. 2019, §3): the head itself, queries to it, or neither; at the least, what the network
 * answers. From the strongest on: each may also do what the later ones do.
 */
export const threats = ['white-box', 'black-box', 'query-free', 'answer-only'] as const;
export type Threat = (typeof threats)[number];

/** Whether an attacker of this threat can do what one of the other does. */
export const canMount = (threat: Threat, other: Threat): boolean => threats.indexOf(other) >= threats.indexOf(threat);

interface Failure {
  readonly cut: string;
  readonly defense: string;
  readonly threat: Threat;
}

/**
 * The failed attack because of which nothing is known of what an attacker of this threat gets. A shadow model
 * stands in for the head, and is missed by nobody who holds that or can ask it.
 */
export function decisiveFailure<F extends Failure>(
  { cut, defense, threat }: Failure,
  failed: readonly F[],
): F | undefined {
  const missed = (f: F) => canMount(threat, f.threat) && (f.threat !== 'query-free' || threat === 'query-free');
  return failed.find((f) => f.cut === cut && f.defense === defense && missed(f));
}
