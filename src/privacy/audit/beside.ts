/** Models with inputs beside the picture that nobody has fixed: what of them an audit reaches with pictures alone. */
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import {
  bindBatch,
  bindDimensions,
  type Cut,
  cutInputs,
  exampleInputs,
  findCuts,
  type Graph,
  inferShapes,
  inputsBehind,
  resolveCut,
  towerOf,
  type ValueInfo,
} from '../../model/index.ts';

export interface SubjectOptions {
  /** Name of the input that takes the picture, where there are several that could. */
  readonly picture?: string | undefined;
  /** What advice calls the file of the model. Default `MODEL`. */
  readonly path?: string | undefined;
}

export interface Beside {
  /** The part of the network that the picture decides alone. */
  readonly tower: Graph;
  /** Cuts of the network within it, named as in the whole; of what they send, what tells of the picture. */
  readonly cuts: readonly Cut[];
  /** Of all cuts of the network but those that send the picture itself, in order of depth. */
  readonly ids: readonly string[];
  /** Inputs without which the network has no answer; none where what is beside the picture does not matter. */
  readonly absent: readonly string[];
  /**
   * One of `cuts`, by its id or by the names of what it tells of the picture.
   * @throws CutlineError CUT_NOT_FOUND, AUDIT_BESIDE when it hangs on more than the picture
   */
  cut(id: string): Cut;
}

/**
 * @param wanted shape of the picture, batch 1
 * @returns undefined for a network of one input
 * @throws CutlineError AUDIT_INPUT, AUDIT_PICTURE, SHAPE_UNBOUND
 */
export async function besidePicture(
  engine: Engine,
  network: Graph,
  wanted: readonly number[],
  { picture: named, path = 'MODEL' }: SubjectOptions,
): Promise<Beside | undefined> {
  if (network.inputs.length < 2) return undefined;
  const example = (inputs: readonly ValueInfo[]) => `cutline audit ${path} --data PICTURES ${exampleInputs(inputs)}`;
  const picture = pictureOf(network, wanted, named, example);
  // Which cuts there are does not hang on the batch: one that the file fixes may stay.
  const batch = network.inputs.find((v) => v.name === picture)!.shape[0];
  const shape = [typeof batch === 'number' ? batch : 1, ...wanted.slice(1)];
  const one = await inferShapes(bindBatch(bindDimensions(network, { [picture]: shape }), 1), engine);
  const all = findCuts(one, { along: picture });
  const behind = inputsBehind(one);
  if (!one.outputs.some((v) => behind(v.name).includes(picture))) {
    throw new CutlineError('AUDIT_INPUT', { found: `${picture}, which no output hangs on`, wanted: `${wanted}` });
  }
  const missing = new Map<string, readonly string[]>();
  const cuts: Cut[] = [];
  for (const cut of all) {
    const { fix } = cutInputs(cut.tensors, one.inputs, behind, picture);
    if (fix?.length === 0) cuts.push({ ...cut, tensors: cut.tensors.filter((t) => behind(t.name).includes(picture)) });
    else missing.set(cut.id, fix ?? []);
  }
  const tower = towerOf(network, picture);
  const names = (graph: Graph) => graph.outputs.map((v) => v.name).join('\n');
  const answers = names(tower) === names(network);
  return {
    tower,
    cuts,
    ids: all.filter((c) => c.tensors.every((t) => t.name !== picture)).map((c) => c.id),
    absent: answers ? [] : one.inputs.map((v) => v.name).filter((name) => name !== picture),
    cut(id) {
      const within = cuts.find((c) => c.tensors.map((t) => t.name).join('+') === id);
      if (within) return within;
      const cut = resolveCut(all, id, one);
      const inputs = missing.get(cut.id);
      if (!inputs) return cuts.find((c) => c.id === cut.id)!;
      const advice = example(one.inputs.filter((v) => inputs.includes(v.name)));
      throw new CutlineError('AUDIT_BESIDE', { cut: cut.id, inputs: inputs.join(', '), example: advice });
    },
  };
}

function pictureOf(
  { inputs }: Graph,
  wanted: readonly number[],
  named: string | undefined,
  example: (inputs: readonly ValueInfo[]) => string,
): string {
  const possible = inputs.filter(
    ({ dtype, shape, unknown }) =>
      !unknown &&
      dtype === 'float32' &&
      shape.length === wanted.length &&
      shape.every((d, i) => i === 0 || typeof d === 'string' || d === wanted[i]),
  );
  const [picture, ...others] = named === undefined ? possible : possible.filter((v) => v.name === named);
  if (!picture) {
    const found = inputs.map((v) => `${v.name} ${v.dtype} [${v.shape}]`).join(', ');
    throw new CutlineError('AUDIT_INPUT', { found, wanted: wanted.join(',') });
  }
  if (others.length > 0) {
    const names = possible.map((v) => v.name).join(', ');
    throw new CutlineError('AUDIT_PICTURE', { inputs: names, example: example(others) });
  }
  return picture.name;
}
