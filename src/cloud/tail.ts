/** The half of the network that runs in the cloud. */
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/index.ts';
import type { Plan } from '../plan/index.ts';

export interface Tail {
  /** @throws CutlineError ENGINE_RUN, ENGINE_CRASHED */
  run(activation: Tensors): Promise<Tensors>;
}

/** A tail that takes less runs on the thread that takes activations in. */
const mostStallMs = 1;

/** @throws CutlineError ENGINE_LOAD, TAIL_MISMATCH */
export async function loadTail(plan: Plan, bytes: Uint8Array, engine: Engine): Promise<Tail> {
  const wanted = plan.cut.tensors;
  // All that an answer holds, and no more: the device refuses everything else.
  const outputs = (plan.answer ?? []).map((t) => t.name);
  const load = async (near = true) => {
    const session = await engine.load(bytes, near ? { mostStallMs } : {});
    const absent = session.inputs.find((v) => !wanted.some((t) => t.name === v.name));
    if (absent) {
      throw new CutlineError('TAIL_MISMATCH', {
        path: 'The tail',
        problem: `the plan does not send its input ${absent.name}`,
      });
    }
    const missing = outputs.find((name) => !session.outputs.some((v) => v.name === name));
    if (missing !== undefined)
      throw new CutlineError('TAIL_MISMATCH', { path: 'The tail', problem: `it has no output ${missing}` });
    return session;
  };
  let session = await load();
  const used = new Set(session.inputs.map((v) => v.name));
  return {
    async run(activation) {
      try {
        const feeds = Object.fromEntries(Object.entries(activation).filter(([name]) => used.has(name)));
        return await session.run(feeds, { outputs });
      } catch (error) {
        // The engine starts a new worker at the next load: one activation is lost, the consumer is not.
        if (error instanceof CutlineError && error.code === 'ENGINE_CRASHED') session = await load(false);
        throw error;
      }
    },
  };
}
