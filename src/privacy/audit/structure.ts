/** A head as somebody knows it who has read how it is built and nothing of what it learnt. */
import { CutlineError } from '../../errors.ts';
import {
  float32,
  type Graph,
  type Node,
  sizeOf,
  type Tensor,
  type WeightRole,
  weightRoles,
  weightsBeyondRoles,
} from '../../model/index.ts';
import type { Random } from '../../random.ts';

/** Of positions, tokens and the like, as transformers start them. */
const tableDeviation = 0.02;

/**
 * The same graph with every learnt number drawn anew; only the names, shapes and single constants of the formula remain.
 * A weight is the same for a random whatever the batch.
 * @param head shapes known
 * @throws CutlineError SHADOW_UNFIT for weights that cannot be told from structure, or not be learnt
 */
export function structureOf(head: Graph, cut: string, random: Random): Graph {
  const graph = withoutConstantNodes(head);
  const [odd] = weightsBeyondRoles(graph);
  if (odd !== undefined) {
    const problem = `its head has weights that are quantised, in half precision, sparse or inside a conditional (${odd}), and no fresh ones of the kind can be trained; take a generated one`;
    throw new CutlineError('SHADOW_UNFIT', { cut, problem });
  }
  const initializers = new Map(graph.initializers);
  for (const [name, role] of weightRoles(graph)) {
    initializers.set(name, drawn(initializers.get(name)!.shape, role, random.fork(name)));
  }
  return { ...graph, initializers };
}

function drawn(shape: readonly number[], role: WeightRole, random: Random): Tensor {
  const data = new Float32Array(sizeOf(shape));
  switch (role.kind) {
    case 'kernel': {
      const limit = 1 / Math.sqrt(role.fanIn);
      random.fillUniform(data, -limit, limit);
      break;
    }
    case 'scale':
    case 'variance':
      data.fill(1);
      break;
    case 'shift':
    case 'mean':
      break;
    case 'slope':
      data.fill(0.25);
      break;
    case 'table':
      random.fillNormal(data, tableDeviation);
      break;
    default:
      role satisfies never;
  }
  return float32(data, shape);
}

/** Some exporters write weights as nodes. */
function withoutConstantNodes(graph: Graph): Graph {
  const constants = new Map<string, Tensor>();
  const nodes = graph.nodes.filter((node) => {
    const tensor = node.op === 'Constant' ? constantOf(node) : undefined;
    if (tensor) constants.set(node.outputs[0]!, tensor);
    return !tensor;
  });
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...constants]) };
}

function constantOf({ attributes: { value, value_floats: floats } }: Node): Tensor | undefined {
  if (value?.type === 'tensor') return value.value;
  return floats?.type === 'floats' ? float32(floats.value, [floats.value.length]) : undefined;
}
