/** What `cutline inspect` reports. */
import type { Engine } from '../engine/engine.ts';
import { parseShapes } from './bind.ts';
import { cost } from './cost.ts';
import { type Cut, findCuts } from './cuts/find.ts';
import { modelSha256, openModel } from './file.ts';
import type { ValueInfo } from './graph.ts';
import { describeType } from './onnx/describe.ts';
import { prepare } from './prepare.ts';
import { isSendable } from './values.ts';

interface TensorInfo {
  readonly name: string;
  /** `float32`; what is no tensor by its type, `sequence(map(int64,float32))`; null where that is not known. */
  readonly dtype: string | null;
  /** A dimension that depends on data is null; so is the shape where the rank does, or there is none. */
  readonly shape: readonly (number | string | null)[] | null;
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
  const cuts = findCuts(ready);
  if (cuts.some((c) => c.activationBytes === null && c.tensors.every(isSendable))) {
    note?.('sizes marked ? depend on what the model sees: cuts there can be split at, not audited or planned');
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
    cuts: cuts.map((c) => ({ ...c, tensors: c.tensors.map(tensorInfo) })),
  };
}

function tensorInfo({ name, dtype, shape, unknown, raw }: ValueInfo): TensorInfo {
  if (unknown === 'opaque' || unknown === 'type') return { name, dtype: raw ? describeType(raw) : null, shape: null };
  return { name, dtype, shape: unknown ? null : shape.map((d) => (d === '' ? null : d)) };
}

/** `1×3×8×8`; `?` for what depends on data, and the type of what is no tensor. */
function shapeText({ dtype, shape }: TensorInfo): string {
  if (!shape) return dtype?.includes('(') ? dtype : '?';
  return shape.map((d) => d ?? '?').join('×') || 'scalar';
}

/** As the heading of a report shows a tensor. */
export const tensorText = (t: TensorInfo): string =>
  `${t.name} ${t.dtype ?? 'unknown'}${t.shape ? ` [${t.shape.map((d) => d ?? '?').join(',')}]` : ''}`;

/** The report as rows of a table. Sizes in kB (1000 bytes), MACs in millions, parameters in thousands. */
export function inspectionRows(report: Inspection): string[][] {
  const rows = [['cut', 'shape', 'sent kB', 'head MMAC', 'tail MMAC', 'head kpar', 'tail kpar']];
  for (const c of report.cuts) {
    rows.push([
      c.id,
      c.tensors.map(shapeText).join(' + '),
      c.activationBytes === null ? '?' : figure(c.activationBytes / 1e3),
      figure(c.headMacs / 1e6),
      figure(c.tailMacs / 1e6),
      figure(c.headParameters / 1e3),
      figure(c.tailParameters / 1e3),
    ]);
  }
  return rows;
}

const figure = (value: number): string => value.toFixed(value !== 0 && value < 1 ? 3 : 1);
