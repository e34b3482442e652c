/** A network as a value: ONNX in and out, shapes, cost, cuts, split. */

export { withBatch } from './batch/with-batch.ts';
export {
  bindAllButBatch,
  bindBatch,
  bindDimensions,
  hasSymbolicBatch,
  parseShapes,
  requireBound,
  type Shapes,
} from './bind.ts';
export { type AttributeLike, GraphBuilder } from './builder.ts';
export { renameReads } from './captured.ts';
export { compose } from './compose.ts';
export { type Cost, cost, type NodeCost, type OperatorClass } from './cost.ts';
export { type CutInputs, cutInputs, inputsBehind, pictureInput } from './cuts/behind.ts';
export { type Cut, type CutOptions, findCuts } from './cuts/find.ts';
export { cutOrder } from './cuts/order.ts';
export { resolveCut } from './cuts/resolve.ts';
export { type Dependence, dependences } from './dependence.ts';
export { loadModel, modelSha256, openModel, readModel, saveModel } from './file.ts';
export { foldConstants } from './fold.ts';
export { freshNames, namesOf } from './fresh.ts';
export * from './graph.ts';
export { fromHalves, toHalves } from './half.ts';
export { inferBatchShapes } from './infer/batch.ts';
export { inferShapes } from './infer/shapes.ts';
export { exampleInputs } from './inputs/example.ts';
export { type FixedInput, sameFixed } from './inputs/fixed.ts';
export { type Inspection, type InspectOptions, inspectionRows, inspectModel, tensorText } from './inspect.ts';
export { meanSquare, meanSquares } from './mean-squares.ts';
export { peakBytes, requireMemory } from './memory.ts';
export { emptyData } from './onnx/dtype.ts';
export { type ParseOptions, parseModel } from './onnx/read.ts';
export { encodeModel } from './onnx/write.ts';
export { type Network, type NetworkOptions, openNetwork } from './open.ts';
export { topologicalOrder } from './order.ts';
export { type PrepareOptions, prepare } from './prepare.ts';
export { prune } from './prune.ts';
export { bodies, reads } from './reads.ts';
export { rowsOf } from './rows.ts';
export { type Split, split } from './split.ts';
export { type SplitFiles, type SplitOptions, splitModel } from './split-files.ts';
export * from './tensor.ts';
export { towerOf } from './tower.ts';
export { activationBytes, allValues, fixedShape, isHeld, isSendable } from './values.ts';
export { type WeightRole, weightRoles, weightsBeyondRoles } from './weights.ts';
export { type NodeWork, nodeWork } from './work.ts';
