/** The half of the network that runs here, with the defence around it: input in, defended activation out. */
import type { Engine, Session } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensor, Tensors } from '../model/tensor.ts';
import type { Plan } from '../plan/index.ts';
import type { DeviceMechanism } from './release.ts';

export interface Head {
  /** The activation to send, defended. @throws CutlineError ENGINE_RUN, ENGINE_CRASHED */
  run(input: Tensor): Promise<Tensors>;
}

export interface HeadOptions {
  readonly plan: Plan;
  /** Null where the device runs nothing (cut `input`). */
  readonly bytes: Uint8Array | null;
  readonly engine: Engine;
  readonly mechanism: DeviceMechanism;
  readonly inputName: string;
}

/** A head that takes less runs on the thread of keepalives and acknowledgements, which no one notices. */
const mostStallMs = 1;

/** @throws CutlineError ENGINE_LOAD, HEAD_MISMATCH */
export async function loadHead(options: HeadOptions): Promise<Head> {
  const { plan, bytes, engine, mechanism, inputName } = options;
  const names = plan.cut.tensors.map((t) => t.name);
  const load = async (near = true) => {
    if (!bytes) return undefined;
    const loaded = await engine.load(bytes, near ? { mostStallMs } : {});
    checkNames(loaded, inputName, names);
    return loaded;
  };
  let session = await load();

  return {
    async run(input) {
      const entering = await mechanism.input({ [inputName]: input });
      if (!session) return mechanism.activation({ [names[0]!]: entering[inputName]! });
      try {
        return await mechanism.activation(await session.run(entering, { outputs: names }));
      } catch (error) {
        // The engine starts a new worker at the next load; this inference is lost, the agent is not.
        if (error instanceof CutlineError && error.code === 'ENGINE_CRASHED') session = await load(false);
        throw error;
      }
    },
  };
}

function checkNames(session: Session, inputName: string, outputs: readonly string[]): void {
  const refuse = (problem: string) => {
    throw new CutlineError('HEAD_MISMATCH', { path: 'The head', problem });
  };
  const inputs = session.inputs.map((v) => v.name);
  if (inputs.length !== 1 || inputs[0] !== inputName)
    refuse(`its inputs are ${inputs}, the picture goes to ${inputName}`);
  const absent = outputs.find((name) => !session.outputs.some((v) => v.name === name));
  if (absent !== undefined) refuse(`it has no output ${absent}`);
}
