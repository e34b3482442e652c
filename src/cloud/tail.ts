/** The half of the network that runs in the cloud. */
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensor, Tensors } from '../model/index.ts';
import type { Plan } from '../plan/index.ts';

/** Tensors by name, before any memory was spent on them. */
export type Announced = Readonly<Record<string, Pick<Tensor, 'dtype' | 'shape'>>>;

export interface Tail {
  /** What is wrong with what was sent, as its message announces it; undefined when it is what the plan says. */
  refusal(sent: Announced): string | undefined;
  /** @throws CutlineError ENGINE_RUN, ENGINE_CRASHED */
  run(activation: Tensors): Promise<Tensors>;
}

/** @throws CutlineError ENGINE_LOAD, TAIL_MISMATCH */
export async function loadTail(plan: Plan, bytes: Uint8Array, engine: Engine): Promise<Tail> {
  const wanted = plan.cut.tensors;
  const load = async () => {
    const session = await engine.load(bytes);
    const absent = session.inputs.find((v) => !wanted.some((t) => t.name === v.name));
    if (absent) {
      throw new CutlineError('TAIL_MISMATCH', {
        path: 'The tail',
        problem: `the plan does not send its input ${absent.name}`,
      });
    }
    return session;
  };
  let session = await load();
  const used = new Set(session.inputs.map((v) => v.name));
  return {
    refusal(sent) {
      const names = Object.keys(sent);
      const wrong = wanted.find(({ name, dtype, shape }) => {
        const t = Object.hasOwn(sent, name) ? sent[name] : undefined;
        return t?.dtype !== dtype || `${t.shape}` !== `${shape}`;
      });
      if (!wrong && names.length === wanted.length) return undefined;
      const says = ({ name, dtype, shape }: { name: string; dtype: string; shape: readonly number[] }) =>
        `${name} ${dtype}[${shape}]`;
      const got = Object.entries(sent).map(([name, t]) => says({ ...t, name }));
      return `the plan sends ${wanted.map(says).join(', ')}; got ${got.join(', ').slice(0, 300)}`;
    },
    async run(activation) {
      try {
        return await session.run(Object.fromEntries(Object.entries(activation).filter(([name]) => used.has(name))));
      } catch (error) {
        // The engine starts a new worker at the next load: one activation is lost, the consumer is not.
        if (error instanceof CutlineError && error.code === 'ENGINE_CRASHED') session = await load();
        throw error;
      }
    },
  };
}
