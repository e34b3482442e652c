/** What the network answers to what the cloud received: everybody who serves it sees that. */
import { type Engine, runRows } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { type Cut, inSinglePrecision, type Tensors } from '../../model/index.ts';
import type { Subject } from './subject.ts';

const chunk = 100;

/**
 * The outputs of the tail as numbers, [n, …] in float32, whatever their type; what has no row a picture is left out.
 * @param received the tensors of the cut, each [n, …]
 * @throws CutlineError ANSWER_UNFIT when no output has a row a picture
 */
export async function answersTo(
  engine: Engine,
  subject: Subject,
  cut: Cut,
  received: Tensors,
  signal?: AbortSignal,
): Promise<Tensors> {
  const count = Object.values(received)[0]!.shape[0]!;
  const n = Math.min(chunk, count);
  const { tail } = await subject.parts(cut, n);
  const session = await engine.load(tail, signal && { signal });
  try {
    const rows = Object.fromEntries(session.inputs.map(({ name }) => [name, received[name]!]));
    const answers = Object.entries(await runRows(session, n, rows, signal));
    if (answers.length === 0) throw new CutlineError('ANSWER_UNFIT', { cut: cut.id });
    return Object.fromEntries(answers.map(([name, t]) => [name, inSinglePrecision(t)]));
  } finally {
    await session.close();
  }
}
