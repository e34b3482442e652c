/** Operators whose outputs take their shape from the values of their inputs. */
import type { Node } from './graph.ts';

/** Whatever data they read, it may say how much comes out. */
const always = new Set([
  'NonZero',
  'NonMaxSuppression',
  'Unique',
  'Compress',
  'StringSplit',
  'ImageDecoder',
  // Of ai.onnx.ml: a dense tensor as long as the largest key of the map.
  'CastMap',
]);

/** Inputs whose values say what shape comes out, by operator. */
const telling: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries({
    Reshape: [1],
    Expand: [1],
    Tile: [1],
    Pad: [1, 3],
    Slice: [1, 2, 3, 4],
    Resize: [1, 2, 3],
    Upsample: [1],
    Range: [0, 1, 2],
    ConstantOfShape: [0],
    TopK: [1],
    OneHot: [1],
    Split: [1],
    Squeeze: [1],
    Unsqueeze: [1],
    CenterCropPad: [1],
    Col2Im: [1, 2],
    AffineGrid: [1],
    MaxUnpool: [2],
    BlackmanWindow: [0],
    HannWindow: [0],
    HammingWindow: [0],
    MelWeightMatrix: [0, 1],
    DFT: [1, 2],
    STFT: [1, 3],
    SplitToSequence: [1],
    // Elements of a sequence need not be alike.
    SequenceAt: [1],
    SequenceInsert: [2],
    SequenceErase: [1],
    ReduceL1: [1],
    ReduceL2: [1],
    ReduceLogSum: [1],
    ReduceLogSumExp: [1],
    ReduceMax: [1],
    ReduceMean: [1],
    ReduceMin: [1],
    ReduceProd: [1],
    ReduceSum: [1],
    ReduceSumSquare: [1],
  }),
);

/** Bodies are another matter: see dependence.ts. @param isData of an input's name */
export function shapedByData(node: Node, isData: (name: string) => boolean): boolean {
  const given = node.inputs.filter((i) => i !== '');
  // Of other domains nothing is known; those of ai.onnx.ml have tables of fixed width.
  if ((node.domain !== '' && node.domain !== 'ai.onnx.ml') || always.has(node.op)) return given.some(isData);
  return (telling.get(node.op) ?? []).some((i) => node.inputs[i] && isData(node.inputs[i]!));
}
