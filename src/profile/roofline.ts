/**
 * What arithmetic takes by a profile. Williams et al. 2009, one roof for each operator class; nodes run one after the other.
 * Pure.
 */
import type { Compute, OperatorClass } from './schema.ts';

/** One node as the roofline sees it. */
export interface Work {
  readonly class: OperatorClass;
  readonly macs: number;
  /** Read and written: inputs, weights, outputs. */
  readonly bytes: number;
}

/** Milliseconds of one run. */
export function rooflineMs(nodes: readonly Work[], profile: Compute): number {
  let ms = profile.callOverheadMs.value;
  for (const node of nodes) {
    const roof = profile.classes[node.class];
    const compute = roof.macsPerS && node.macs > 0 ? node.macs / roof.macsPerS.value : 0;
    const memory = node.bytes / roof.bytesPerS.value;
    const work = roof.sums ? compute + memory : Math.max(compute, memory);
    ms += profile.nodeOverheadMs.value + (roof.fixedMs?.value ?? 0) + 1e3 * work;
  }
  return ms;
}
