import { expect, it } from 'vitest';
import { complaint } from '../../../src/engine/ort/complaint.ts';

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
    'node c1 (Conv) does not take image, which is bool',
  ],
  [
    'Node (l) Op (Loop) [ShapeInferenceError] Graph attribute inferencing failed: Type Error: Type parameter (T) of Optype (Greater) bound to different types (tensor(int64) and tensor(float) in node ().',
    'node l (Loop) does not fit what it reads: in its body, a node without a name (Greater) reads int64 and float, where both must be of one type',
  ],
  [
    'Type Error: Type (tensor(uint4)) of output arg (t0) of node (sum) does not match expected type (tensor(float)).',
    'output t0 of node sum is declared uint4, and its operator makes float',
  ],
  [
    "Type Error: Data in initializer 'w' has element type tensor(int64) but usage of initializer in graph expects tensor(float)",
    'weight w is int64, and declared float',
  ],
  ['Type Error: Shape of initializer w does not match. {2,1} != {2,4}', 'weight w is [2,1], and declared [2,4]'],
  [
    "Non-zero status code returned while running Expand node. Name:'alloc' Status Message: /onnxruntime_src/onnxruntime/core/framework/op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) [ONNXRuntimeError] : 1 : FAIL : Calculation for Tensor storage size overflowed",
    'node alloc (Expand): it would make more than any memory holds',
  ],
  [
    "Non-zero status code returned while running Gather node. Name:'std::bad_alloc' Status Message: indices element out of data bounds, idx=9 must be within the inclusive range [-3,2]",
    'node std::bad_alloc (Gather): indices element out of data bounds, idx=9 must be within the inclusive range [-3,2]',
  ],
  ['onnxruntime::Something (thing) of node (n) went wrong at x.cc:12', 'node n: it does not take what it is given'],
  // What is ours passes.
  ['the session is closed', 'the session is closed'],
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
  expect(complaint(raw)).toEqual({ problem: words, lacksMemory: false });
});

it.each([
  [
    "Non-zero status code returned while running ConstantOfShape node. Name:'zeros' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 1099511627776\n\n",
    'node zeros (ConstantOfShape): 1099511627776 bytes of memory cannot be had for it',
  ],
  [
    "Non-zero status code returned while running Conv node. Name:'c' Status Message: std::bad_alloc",
    'node c (Conv): there is no memory left for it',
  ],
  ['std::bad_alloc', 'there is no memory left for it'],
])('lack of memory is told apart: %s', (raw, problem) => {
  expect(complaint(raw)).toEqual({ problem, lacksMemory: true });
});
