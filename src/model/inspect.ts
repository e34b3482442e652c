/** What `cutline inspect` reports. */

import { cost } from './cost.ts';
import { type CutInputs, cutInputs, inputsBehind, pictureInput } from './cuts/behind.ts';
import { type Cut, findCuts } from './cuts/find.ts';
import type { Engine } from './engine.ts';
import type { ValueInfo } from './graph.ts';
import type { FixedInput } from './inputs/fixed.ts';
import { describeType } from './onnx/describe.ts';
import { type NetworkOptions, openNetwork } from './open.ts';
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
    /** Of a model with several inputs: the one that an audit takes for the picture; null where that is not known. */
    readonly picture?: string | null;
    /** What `--input` fixed. */
    readonly fixed?: readonly FixedInput[];
  };
  readonly cuts: readonly InspectedCut[];
}

interface InspectedCut extends Omit<Cut, 'tensors'> {
  readonly tensors: readonly TensorInfo[];
  /** Of a model with several inputs. */
  readonly inputs?: CutInputs;
}

export interface InspectOptions extends NetworkOptions {
  /** Asked where there are several inputs: which of them takes the picture; else it is `pictureInput`. */
  readonly picture?: () => Promise<string | undefined>;
  readonly note?: (text: string) => void;
}

export async function inspectModel(path: string, engine: Engine, options: InspectOptions = {}): Promise<Inspection> {
  const { single, sha256, fixed } = await openNetwork(path, options, engine);
  const { note } = options;
  const ready = await prepare(single, engine, note && { note });
  const costs = cost(ready);
  const uncounted = costs.nodes.filter((c) => !c.counted && c.operatorClass !== 'free').map((c) => c.node.op);
  if (uncounted.length > 0) {
    note?.(`MACs are too low: the arithmetic inside ${[...new Set(uncounted)].join(', ')} is not counted`);
  }
  const several = ready.inputs.length > 1;
  const named = several ? await options.picture?.() : undefined;
  const picture = ready.inputs.find((v) => v.name === named)?.name ?? pictureInput(ready);
  const behind = inputsBehind(ready);
  const cuts = findCuts(ready, { along: picture });
  if (cuts.some((c) => c.activationBytes === null && c.tensors.every(isSendable))) {
    note?.('sizes marked ? depend on what the model sees: cuts there can be split at, not audited or planned');
  }
  return {
    format: 'cutline.inspect/1',
    model: {
      sha256,
      inputs: ready.inputs.map(tensorInfo),
      outputs: ready.outputs.map(tensorInfo),
      macs: costs.macs,
      parameters: costs.parameters,
      ...(several && { picture: picture ?? null }),
      ...(fixed.length > 0 && { fixed }),
    },
    cuts: cuts.map((c) => ({
      ...c,
      tensors: c.tensors.map(tensorInfo),
      ...(several && { inputs: cutInputs(c.tensors, ready.inputs, behind, picture) }),
    })),
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
  const several = report.cuts.some((c) => c.inputs);
  const rows = [
    ['cut', 'shape', 'sent kB', 'head MMAC', 'tail MMAC', 'head kpar', 'tail kpar', ...(several ? ['audit'] : [])],
  ];
  for (const c of report.cuts) {
    rows.push([
      c.id,
      c.tensors.map(shapeText).join(' + '),
      c.activationBytes === null ? '?' : figure(c.activationBytes / 1e3),
      figure(c.headMacs / 1e6),
      figure(c.tailMacs / 1e6),
      figure(c.headParameters / 1e3),
      figure(c.tailParameters / 1e3),
      ...(c.inputs ? [reachText(c.inputs)] : []),
    ]);
  }
  return rows;
}

function reachText({ fix }: CutInputs): string {
  if (fix === null) return '–';
  return fix.length === 0 ? 'yes' : `fix ${fix.join(', ')}`;
}

const figure = (value: number): string => value.toFixed(value !== 0 && value < 1 ? 3 : 1);
