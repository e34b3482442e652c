import { expect, it } from 'vitest';
import { inWords } from '../../../src/engine/ort/complaint.ts';

/** As onnxruntime 1.30 says them. */
it.each([
  [
    'Node (fc) Op (MatMul) [ShapeInferenceError] Incompatible dimensions for matrix multiplication',
    'node fc (MatMul) does not fit what it reads: Incompatible dimensions for matrix multiplication',
  ],
  [
    'This is an invalid model. In Node, ("", Add, "", -1) : ("b": tensor(float),) -> ("f",) , Error Node with schema(::Add:14) has input size 1 not in range [min=2, max=2].',
    'node f (Add): it has 1 inputs, not 2',
  ],
  [
    'This is an invalid model. In Node, ("l", Loop, "", -1) : ("c1": tensor(float),) -> ("r",) , Error Node(l) with schema(::Loop:16) has input size 1 not in range [min=2, max=2147483647].',
    'node l (Loop): it has 1 inputs, not 2 or more',
  ],
  [
    'This is an invalid model. In Node, ("", Foo, "", -1) : ("act": tensor(float),) -> ("f",) , Error No Op registered for Foo with domain_version of 17',
    'node f (Foo): there is no operator Foo in opset 17',
  ],
  [
    'This is an invalid model. In Node, ("", Cast, "", -1) : ("h": tensor(float),) -> ("r",) , Error Required attribute \'to\' is missing.',
    'node r (Cast): attribute to is missing',
  ],
  [
    "Non-zero status code returned while running MatMul node. Name:'' Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch",
    'a node without a name (MatMul): MatMul dimension mismatch',
  ],
  [
    "Non-zero status code returned while running Add node. Name:'sum' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:540 void onnxruntime::BroadcastIterator::Append(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 2 by 3\n",
    'node sum (Add): Attempting to broadcast an axis by a dimension other than 1. 2 by 3',
  ],
  [
    'Type Error: Type parameter (T) of Optype (Conv) bound to different types (tensor(float16) and tensor(float) in node (c1).',
    'node c1 (Conv) reads float16 and float, where both must be of one type',
  ],
  [
    "This is an invalid model. Type Error: Type 'tensor(bool)' of input parameter (image) of operator (Conv) in node (c1) is invalid.",
    'node c1 (Conv) does not take image, which is tensor(bool)',
  ],
  [
    'Node (l) Op (Loop) [ShapeInferenceError] Graph attribute inferencing failed: Type Error: Type parameter (T) of Optype (Greater) bound to different types (tensor(int64) and tensor(float) in node ().',
    'node l (Loop) does not fit what it reads: in its body, a node without a name (Greater) reads int64 and float, where both must be of one type',
  ],
  ['Fatal error: com.microsoft:Cast(-1) is not a registered function/op', 'there is no operator Cast'],
  ['This is an invalid model. Error: Duplicate definition of name (w).', 'w is defined twice'],
  [
    'Got invalid dimensions for input: x for the following indices\n index: 1 Got: 1 Expected: 0\n Please fix either the inputs/outputs or the model.',
    'input x has another shape than the graph declares',
  ],
  [
    "tensorprotoutils.cc:1469 ValidateEmbeddedTensorProtoDataSizeAndShape Initializer 'W': raw_data size (864 bytes) does not match expected size from shape and data type (1728 bytes)",
    'weight W has not as many bytes as its shape needs',
  ],
  [
    'Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cpu/ml/zipmap.cc:42 onnxruntime::ml::ZipMapOp::ZipMapOp(const onnxruntime::OpKernelInfo&) classlabels_strings_.empty() ^ classlabels_int64s_.empty() was false. Must provide classlabels_strings or classlabels_int64s but not both.\n',
    'Must provide classlabels_strings or classlabels_int64s but not both',
  ],
  [
    '/onnxruntime_src/onnxruntime/core/graph/graph.cc:1347 onnxruntime::Graph::Graph(const onnxruntime::Model&, bool) name_to_type_map[node_arg_name] was false.',
    'the engine gives no reason that would help',
  ],
])('%s', (raw, words) => {
  expect(inWords(raw)).toBe(words);
});
