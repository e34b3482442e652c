import { attrInt, attrInts, attrString } from '../../../src/model/graph.ts';
import { sizeOf } from '../../../src/model/tensor.ts';
import { type Operators, required } from './call.ts';
import { at, flat, forEachIndex, tabulate } from './value.ts';
import { windowOf } from './window.ts';

export const convolutions: Operators = {
  /** X [N, C, …], W [M, C/group, …k], B [M]. */
  Conv: (call) => {
    const x = required(call, 0);
    const w = required(call, 1);
    const bias = call.inputs[2];
    const groups = attrInt(call.node, 'group', 1);
    const spatial = x.shape.slice(2);
    const kernel = w.shape.slice(2);
    const win = windowOf(call, spatial, kernel);
    const outChannels = w.shape[0]!;
    const channelsPerGroup = w.shape[1]!;
    const outputsPerGroup = outChannels / groups;
    const channels = x.shape[1]!;
    const plane = sizeOf(spatial);
    const taps = sizeOf(kernel);
    const i = spatial.map(() => 0);
    return tabulate(x.dtype, [x.shape[0]!, outChannels, ...win.output], ([n, m, ...o]) => {
      const firstChannel = Math.floor(m! / outputsPerGroup) * channelsPerGroup;
      let sum = bias ? bias.data[m!]! : 0;
      forEachIndex(kernel, (k, tap) => {
        for (let d = 0; d < spatial.length; d++) {
          i[d] = o[d]! * win.strides[d]! + k[d]! * win.dilations[d]! - win.padsBefore[d]!;
          if (i[d]! < 0 || i[d]! >= spatial[d]!) return;
        }
        const place = flat(spatial, i);
        for (let c = 0; c < channelsPerGroup; c++) {
          const pixel = x.data[(n! * channels + firstChannel + c) * plane + place]!;
          sum += pixel * w.data[(m! * channelsPerGroup + c) * taps + tap]!;
        }
      });
      return sum;
    });
  },

  /** X [N, C, …], W [C, M/group, …k], B [M]: every input element adds its kernel to the output. */
  ConvTranspose: (call) => {
    const x = required(call, 0);
    const w = required(call, 1);
    const bias = call.inputs[2];
    const groups = attrInt(call.node, 'group', 1);
    const spatial = x.shape.slice(2);
    const kernel = w.shape.slice(2);
    const strides = attrInts(call.node, 'strides') ?? spatial.map(() => 1);
    const dilations = attrInts(call.node, 'dilations') ?? spatial.map(() => 1);
    const extra = attrInts(call.node, 'output_padding') ?? spatial.map(() => 0);
    const pads = attrInts(call.node, 'pads') ?? [...spatial, ...spatial].map(() => 0);
    const autoPad = attrString(call.node, 'auto_pad', 'NOTSET');
    const wanted = attrInts(call.node, 'output_shape')?.slice(-spatial.length);
    const before: number[] = [];
    const output: number[] = [];
    for (let d = 0; d < spatial.length; d++) {
      const full = strides[d]! * (spatial[d]! - 1) + extra[d]! + (kernel[d]! - 1) * dilations[d]! + 1;
      const same = autoPad.startsWith('SAME') ? spatial[d]! * strides[d]! : undefined;
      const size = wanted?.[d] ?? same;
      if (size === undefined) {
        const explicit = autoPad !== 'VALID';
        before[d] = explicit ? pads[d]! : 0;
        output[d] = full - (explicit ? pads[d]! + pads[d + spatial.length]! : 0);
        continue;
      }
      // "If auto_pads == SAME_UPPER the odd one goes to the end, otherwise to the start."
      output[d] = size;
      const total = Math.max(full - size, 0);
      before[d] = autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
    }
    const channelsPerGroup = x.shape[1]! / groups;
    const outputsPerGroup = w.shape[1]!;
    const shape = [x.shape[0]!, outputsPerGroup * groups, ...output];
    const y = tabulate(x.dtype, shape, ([, m]) => (bias ? bias.data[m!]! : 0));
    forEachIndex(x.shape, ([n, c, ...i], from) => {
      const group = Math.floor(c! / channelsPerGroup);
      forEachIndex([outputsPerGroup, ...kernel], ([m, ...k]) => {
        const o = k.map((kd, d) => i[d]! * strides[d]! + kd * dilations[d]! - before[d]!);
        if (o.some((od, d) => od < 0 || od >= output[d]!)) return;
        const to = flat(shape, [n!, group * outputsPerGroup + m!, ...o]);
        y.data[to]! += x.data[from]! * at(w, [c!, m!, ...k]);
      });
    });
    return y;
  },
};
