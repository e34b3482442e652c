/**
 * The mechanism as the device runs it: fixed by the plan, fed by cryptographic noise. Large activations are released in a
 * thread of their own: the event loop goes on, and keepalives go out.
 */
import { sizeOf, type Tensors } from '../model/tensor.ts';
import {
  compileMechanism,
  cryptographicNoise,
  hasStages,
  type Layout,
  type Mechanism,
  type NoiseSource,
  type Place,
  release,
} from '../privacy/mechanisms/index.ts';
import { ReleaseThread } from './release-thread.ts';

export interface DeviceMechanism {
  readonly spec: string;
  readonly mechanism: Mechanism;
  /** Before the head. The same tensors where the mechanism has no stage there. */
  input(tensors: Tensors): Promise<Tensors>;
  /** After the head, before anything is encoded. */
  activation(tensors: Tensors): Promise<Tensors>;
  close(): Promise<void>;
}

/** About a millisecond of the event loop. */
const mostElementsHere = 50_000;
/** Exact noise takes some hundred times as long. */
const mostExactHere = 1000;

/**
 * @param source cryptographic unless a test says otherwise; a thread has its own
 * @throws CutlineError DEFENSE_SPEC
 */
export function createDeviceMechanism(
  spec: string,
  layout: Layout,
  source: NoiseSource = cryptographicNoise(),
): DeviceMechanism {
  const mechanism = compileMechanism(spec, layout);
  const exact = mechanism.guarantee.kind === 'dp';
  const elements = {
    input: sizeOf(layout.input),
    activation: layout.activation.reduce((n, t) => n + sizeOf(t.shape), 0),
  };
  let thread: ReleaseThread | undefined;
  const at = async (place: Place, tensors: Tensors): Promise<Tensors> => {
    if (!hasStages(mechanism, place)) return tensors;
    if (elements[place] <= (exact ? mostExactHere : mostElementsHere))
      return release(mechanism, place, tensors, source);
    thread ??= new ReleaseThread(mechanism.spec, layout);
    return thread.release(place, tensors);
  };
  return {
    spec: mechanism.spec,
    mechanism,
    input: (tensors) => at('input', tensors),
    activation: (tensors) => at('activation', tensors),
    async close() {
      await thread?.close();
    },
  };
}
