/** Whether a decoder from a file is one for this cut. */
import { inputShape, type Preprocessing } from '../../../data/index.ts';
import { CutlineError } from '../../../errors.ts';
import type { Graph, Tensors, ValueInfo } from '../../../model/index.ts';

/**
 * @param decoder batch symbolic
 * @throws CutlineError DECODER_UNFIT
 */
export function fittingDecoder(decoder: Graph, cut: string, observed: Tensors, picture: Preprocessing): Graph {
  const refuse = (problem: string): never => {
    throw new CutlineError('DECODER_UNFIT', { cut, problem });
  };
  const text = (v: ValueInfo) => `${v.name} ${v.dtype} [${v.shape.join(',')}]`;
  const fits = (v: ValueInfo, row: readonly number[]) =>
    v.dtype === 'float32' && v.shape.length === row.length + 1 && row.every((d, i) => v.shape[i + 1] === d);
  for (const [name, tensor] of Object.entries(observed)) {
    const own = decoder.inputs.find((v) => v.name === name);
    const row = tensor.shape.slice(1);
    if (!own || !fits(own, row)) {
      const has = decoder.inputs.map(text).join(', ');
      refuse(`the cut has ${name} [n,${row.join(',')}], the decoder takes ${has}`);
    }
  }
  if (decoder.inputs.length > Object.keys(observed).length) refuse('it takes more than the tensors of the cut');
  const [output] = decoder.outputs;
  const row = inputShape(1, picture).slice(1);
  if (!output || !fits(output, row)) {
    refuse(`it makes ${decoder.outputs.map(text).join(', ')}, the network takes pictures [n,${row.join(',')}]`);
  }
  if (decoder.inputs.some((v) => typeof v.shape[0] === 'number')) refuse('its batch is fixed; it must be symbolic');
  return decoder;
}
