import { attrInt } from '../../../src/model/graph.ts';
import { type Call, float, type Operators, required, unsupported } from './call.ts';
import { tabulate } from './value.ts';

/** Nodes that pass values through or choose between bodies. */
export const control: Operators = {
  Identity: (call) => required(call, 0),

  Dropout: (call) => {
    const x = required(call, 0);
    if (call.inputs[2]?.data[0]) unsupported(call, 'training_mode');
    if (call.opset < 7 && attrInt(call.node, 'is_test', 0) === 0 && float(call, 'ratio', 0.5) > 0) {
      unsupported(call, 'is_test = 0');
    }
    return [x, tabulate(call.opset < 10 ? x.dtype : 'bool', x.shape, () => 1)];
  },

  If: (call) => call.runBody(branch(call, required(call, 0).data[0] ? 'then_branch' : 'else_branch')),
};

function branch(call: Call, name: string) {
  const body = call.node.attributes[name];
  if (body?.type !== 'graph') throw new Error(`If without ${name}`);
  return body.value;
}
