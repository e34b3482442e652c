/** What `cutline inspect` reports. */
import type { Engine } from '../engine/engine.ts';
import { parseShapes } from './bind.ts';
import { cost } from './cost.ts';
import { type Cut, findCuts } from './cuts/find.ts';
import { modelSha256, openModel } from './file.ts';
import type { Dim, ValueInfo } from './graph.ts';
import { prepare } from './prepare.ts';
import type { DType } from './tensor.ts';

interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

export interface Inspection {
  readonly format: 'cutline.inspect/1';
  readonly model: {
    readonly sha256: string;
    readonly inputs: readonly TensorInfo[];
    readonly outputs: readonly TensorInfo[];
    readonly macs: number;
    readonly parameters: number;
  };
  readonly cuts: readonly (Omit<Cut, 'tensors'> & { readonly tensors: readonly TensorInfo[] })[];
}

export interface InspectOptions {
  /** As on the command line: `input=1,3,32,32`. */
  readonly shapes?: readonly string[];
  readonly note?: (text: string) => void;
}

export async function inspectModel(path: string, engine: Engine, options: InspectOptions = {}): Promise<Inspection> {
  const { bytes, graph } = await openModel(path);
  const { note } = options;
  const ready = await prepare(graph, engine, {
    shapes: parseShapes(options.shapes ?? [], graph),
    ...(note && { note }),
  });
  const costs = cost(ready);
  const uncounted = costs.nodes.filter((c) => !c.counted && c.operatorClass !== 'free').map((c) => c.node.op);
  if (uncounted.length > 0) {
    note?.(`MACs are too low: the arithmetic inside ${[...new Set(uncounted)].join(', ')} is not counted`);
  }
  return {
    format: 'cutline.inspect/1',
    model: {
      sha256: modelSha256(bytes),
      inputs: ready.inputs.map(tensorInfo),
      outputs: ready.outputs.map(tensorInfo),
      macs: costs.macs,
      parameters: costs.parameters,
    },
    cuts: findCuts(ready).map((c) => ({ ...c, tensors: c.tensors.map(tensorInfo) })),
  };
}

const tensorInfo = ({ name, dtype, shape }: ValueInfo): TensorInfo => ({ name, dtype, shape });

/** The report as rows of a table. Sizes in kB (1000 bytes), MACs in millions, parameters in thousands. */
export function inspectionRows(report: Inspection): string[][] {
  const rows = [['cut', 'shape', 'sent kB', 'head MMAC', 'tail MMAC', 'head kpar', 'tail kpar']];
  for (const c of report.cuts) {
    rows.push([
      c.id,
      c.tensors.map((t) => t.shape.join('×') || 'scalar').join(' + '),
      figure(c.activationBytes / 1e3),
      figure(c.headMacs / 1e6),
      figure(c.tailMacs / 1e6),
      figure(c.headParameters / 1e3),
      figure(c.tailParameters / 1e3),
    ]);
  }
  return rows;
}

const figure = (value: number): string => value.toFixed(value !== 0 && value < 1 ? 3 : 1);
