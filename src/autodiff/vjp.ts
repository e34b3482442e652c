/** The vector–Jacobian product of a head as a graph of its own. */
import type { Graph } from '../model/graph.ts';
import { requireMemory } from '../model/memory.ts';
import { prune } from '../model/prune.ts';
import { isFloat } from '../model/tensor.ts';
import { backward } from './backward.ts';
import { requireSlope } from './flat.ts';
import { writeForward } from './forward.ts';
import { raiseOpset } from './opset.ts';

/**
 * @param head every tensor's shape is static and known
 * @returns a graph with the head's inputs plus `cotangent:<tensor>` for each output of the head, and one output
 * `gradient:<input>` for each floating-point input. Cotangents and gradients are float32, whatever type their tensors have:
 * halves would lose what is small, and the gradient of a sum over many pixels is.
 * @throws CutlineError NO_GRADIENT_RULE, GRADIENT_REFUSED, MODEL_MEMORY
 */
export function vectorJacobianGraph(head: Graph): Graph {
  requireMemory(head);
  const raised = raiseOpset(head);
  const wrt = raised.inputs.filter((v) => isFloat(v.dtype)).map((v) => v.name);
  requireSlope(raised, wrt);
  const forward = writeForward(raised, wrt);
  const b = forward.g.graph;
  const seeds = new Map(
    raised.outputs.map(({ name }) => [name, b.input(`cotangent:${name}`, 'float32', forward.shape(name))]),
  );
  for (const [name, gradient] of backward(forward, seeds, wrt)) {
    b.op('Identity', [gradient], {}, `gradient:${name}`);
    b.output(`gradient:${name}`, 'float32', forward.shape(name));
  }
  return prune(b.build(`${head.name}:vjp`));
}
