/** A network as a value: ONNX in and out, shapes, cost, cuts, split. */
export { type AttributeLike, GraphBuilder } from './builder.ts';
export { loadModel, modelSha256, readModel, saveModel } from './file.ts';
export * from './graph.ts';
export { type ParseOptions, parseModel } from './onnx/read.ts';
export { encodeModel } from './onnx/write.ts';
export { topologicalOrder } from './order.ts';
export { bodies, reads } from './reads.ts';
export * from './tensor.ts';
