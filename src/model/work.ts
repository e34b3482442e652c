/** What a runtime has to do for a graph, node by node, as rooflines reckon it: what is fused or free is left out. */
import { cost, type NodeCost, type OperatorClass } from './cost.ts';
import type { Graph, Node } from './graph.ts';

export interface NodeWork {
  readonly class: Exclude<OperatorClass, 'free'>;
  readonly macs: number;
  /** Read and written: inputs, weights, outputs. */
  readonly bytes: number;
}

/** onnxruntime folds these into the convolution or product before them, and they cost next to nothing. */
const FUSED = new Set(['BatchNormalization', 'Relu', 'LeakyRelu', 'Clip', 'Sigmoid', 'Tanh', 'HardSigmoid', 'Add']);
/** These only rename memory. */
const FREE = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/** Nodes that cost nothing are left out. A fused node costs no bytes: its convolution has written them. */
export function nodeWork(graph: Graph): ReadonlyMap<Node, NodeWork> {
  const heavy = new Set<string>();
  const work = new Map<Node, NodeWork>();
  for (const c of cost(graph).nodes) {
    if (c.operatorClass === 'free' || FREE.has(c.node.op)) continue;
    const outputs = c.node.outputs.filter((o) => o !== '');
    if (c.operatorClass !== 'elementwise') for (const o of outputs) heavy.add(o);
    else if (FUSED.has(c.node.op) && c.node.inputs.some((i) => heavy.has(i))) {
      for (const o of outputs) heavy.add(o);
      continue;
    }
    work.set(c.node, { class: c.operatorClass, macs: c.macs, bytes: bytesOf(c) });
  }
  return work;
}

function bytesOf(c: NodeCost): number {
  return c.parameterBytes + c.inputBytes + c.activationBytes;
}
