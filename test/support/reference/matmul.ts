import { attrInt, attrString } from '../../../src/model/graph.ts';
import { float, type Operators, required } from './call.ts';
import { at, atBroadcast, broadcastShape, forEachIndex, tabulate, type Value } from './value.ts';

export const products: Operators = {
  /** Y = alpha·A'·B' + beta·C. */
  Gemm: (call) => {
    const a = required(call, 0);
    const b = required(call, 1);
    const c = call.inputs[2];
    const transA = attrInt(call.node, 'transA', 0) === 1;
    const transB = attrInt(call.node, 'transB', 0) === 1;
    const [rows, depth] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const columns = transB ? b.shape[0]! : b.shape[1]!;
    const alpha = float(call, 'alpha', 1);
    const beta = float(call, 'beta', 1);
    return tabulate(a.dtype, [rows, columns], ([i, j]) => {
      let sum = 0;
      for (let k = 0; k < depth; k++) {
        sum += at(a, transA ? [k, i!] : [i!, k]) * at(b, transB ? [j!, k] : [k, j!]);
      }
      return alpha * sum + (c ? beta * atBroadcast(c, [i!, j!]) : 0);
    });
  },

  /** numpy.matmul: vectors get a unit axis for the time of the product, leading axes broadcast. */
  MatMul: (call) => {
    const left = required(call, 0);
    const right = required(call, 1);
    const a: Value = left.shape.length === 1 ? { ...left, shape: [1, ...left.shape] } : left;
    const b: Value = right.shape.length === 1 ? { ...right, shape: [...right.shape, 1] } : right;
    const depth = a.shape.at(-1)!;
    if (depth !== b.shape.at(-2)) throw new Error(`MatMul of [${left.shape}] and [${right.shape}]`);
    const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const full = tabulate(left.dtype, [...batch, a.shape.at(-2)!, b.shape.at(-1)!], (index) => {
      const outer = index.slice(0, -2);
      const [i, j] = index.slice(-2);
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += atBroadcast(a, [...outer, i!, k]) * atBroadcast(b, [...outer, k, j!]);
      return sum;
    });
    const shape = [...batch];
    if (left.shape.length > 1) shape.push(a.shape.at(-2)!);
    if (right.shape.length > 1) shape.push(b.shape.at(-1)!);
    return { ...full, shape };
  },

  Einsum: (call) => {
    const operands = call.node.inputs.map((_, i) => required(call, i));
    const equation = attrString(call.node, 'equation', '').replaceAll(' ', '');
    // The axes of an ellipsis get labels of their own, from the right; digits are no letters of the user's.
    const dots = operands.map((o, i) => {
      const term = equation.split('->')[0]!.split(',')[i]!;
      return term.includes('...') ? '0123456789'.slice(10 - (o.shape.length - term.length + 3)) : '';
    });
    const longest = dots.reduce((a, b) => (a.length > b.length ? a : b), '');
    const [bare, result] = equation.split('->') as [string, string | undefined];
    const left = bare
      .split(',')
      .map((term, i) => term.replace('...', dots[i]!))
      .join(',');
    const right = result?.replace('...', longest);
    const terms = left.split(',');
    const size = new Map<string, number>();
    for (const [t, term] of terms.entries()) {
      for (const [d, label] of [...term].entries()) size.set(label, operands[t]!.shape[d]!);
    }
    const letters = [...left.replaceAll(',', '')];
    // Without '->': the labels that appear once, in alphabetical order.
    const once = [...size.keys()].filter((l) => letters.filter((m) => m === l).length === 1).sort();
    const kept = [...(right ?? once.join(''))];
    const summed = [...size.keys()].filter((l) => !kept.includes(l));
    return tabulate(
      operands[0]!.dtype,
      kept.map((l) => size.get(l)!),
      (index) => {
        const value = new Map(kept.map((l, d) => [l, index[d]!]));
        let sum = 0;
        forEachIndex(
          summed.map((l) => size.get(l)!),
          (inner) => {
            for (const [d, l] of summed.entries()) value.set(l, inner[d]!);
            let product = 1;
            terms.forEach((term, t) => {
              product *= at(
                operands[t]!,
                [...term].map((l) => value.get(l)!),
              );
            });
            sum += product;
          },
        );
        return sum;
      },
    );
  },
};
