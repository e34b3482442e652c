/** Keras topologies, Sequential and Functional, nested ones too, as a graph. */

import { CutlineError } from '../../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { type Feature, Writer } from '../feature.ts';
import {
  isObject,
  type Json,
  list,
  malformed,
  object,
  text,
  UnsupportedError,
  unsupported,
  wholeNumber,
} from '../json.ts';
import type { Layer, LayerWriters } from './layer.ts';
import { otherLayers } from './others.ts';
import { windowLayers } from './windows.ts';

const writers: LayerWriters = { ...windowLayers, ...otherLayers };

const maxDepth = 20;

interface Scope {
  readonly w: Writer;
  readonly path: string;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly depth: number;
}

/** @param topology `modelTopology` of model.json */
export function writeLayers(topology: Json, weights: ReadonlyMap<string, Tensor>, path: string) {
  const model = isObject(topology.model_config) ? topology.model_config : topology;
  const w = new Writer();
  const outputs = writeModel(object(model, 'the topology'), { w, path, weights, depth: 0 }, undefined);
  return { w, outputs };
}

function writeModel(model: Json, scope: Scope, given: readonly Feature[] | undefined): readonly Feature[] {
  if (scope.depth > maxDepth) malformed('models are nested too deeply');
  const type = text(model.class_name, 'class_name');
  const config = model.config;
  if (type === 'Sequential') return [sequential(config, scope, given)];
  if (type === 'Model' || type === 'Functional') return functional(object(config, 'config of the model'), scope, given);
  return malformed(`a model of class ${type}`);
}

function sequential(config: unknown, scope: Scope, given: readonly Feature[] | undefined): Feature {
  const layers = Array.isArray(config) ? config : list(object(config, 'config').layers, 'layers');
  let x = given?.[0];
  for (const entry of layers) {
    const layer = object(entry, 'a layer');
    const own = object(layer.config, 'config of a layer');
    if (layer.class_name === 'InputLayer') {
      x ??= inputOf(own, text(own.name, 'name of a layer'), scope.w);
      continue;
    }
    // The first layer may tell the shape of the input.
    x ??= inputOf(firstConfig(layer, own), 'input', scope.w);
    [x] = writeLayer(layer, text(own.name ?? layer.name, 'name of a layer'), [x], scope);
  }
  return x ?? malformed('it has no layers');
}

/** Of a nested model the shape stands in its own first layer. */
function firstConfig(layer: Json, own: Json): Json {
  const inner = Array.isArray(own.layers) ? own.layers[0] : undefined;
  return isObject(inner) && isObject(inner.config) ? firstConfig(inner, inner.config) : object(layer.config, 'config');
}

/** Where a tensor comes from: layer, which of its calls, which of its outputs. */
interface Source {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

function functional(config: Json, scope: Scope, given: readonly Feature[] | undefined): readonly Feature[] {
  const layers = new Map(
    list(config.layers, 'layers').map((entry) => {
      const layer = object(entry, 'a layer');
      return [text(layer.name ?? object(layer.config, 'config').name, 'name of a layer'), layer] as const;
    }),
  );
  const ends = (key: string) => sourcesIn(config[key], key);
  const inputs = ends('input_layers');
  const made = new Map<string, readonly Feature[]>();
  const key = (s: Source) => `${s.layer}\0${s.call}`;
  inputs.forEach((source, i) => {
    const layer = layers.get(source.layer) ?? malformed(`there is no layer ${source.layer}`);
    const own = object(layer.config, `config of layer ${source.layer}`);
    made.set(key(source), [given?.[i] ?? inputOf(own, source.layer, scope.w)]);
  });
  const calls = new Map([...layers].map(([name, layer]) => [name, callsOf(layer, name)]));
  // Layers stand in the order in which Keras made them, which need not be that of the data.
  const open = new Set<string>();
  const visit = (source: Source): Feature => {
    const id = key(source);
    let results = made.get(id);
    if (!results) {
      if (open.has(id)) malformed(`layer ${source.layer} depends on itself`);
      open.add(id);
      const layer = layers.get(source.layer) ?? malformed(`there is no layer ${source.layer}`);
      const call =
        calls.get(source.layer)![source.call] ?? malformed(`layer ${source.layer} has no call ${source.call}`);
      const features = call.map(visit);
      results = writeLayer(layer, source.layer, features, scope);
      made.set(id, results);
    }
    return results[source.output] ?? malformed(`layer ${source.layer} has no output ${source.output}`);
  };
  // One after the other in the order of the file first: very deep networks would exhaust the stack.
  for (const [name, list_] of calls) {
    list_.forEach((sources, call) => {
      if (sources.every((s) => made.has(key(s)))) visit({ layer: name, call, output: 0 });
    });
  }
  return ends('output_layers').map(visit);
}

/** One call of a layer for each entry: Keras 2 lists `[layer, call, output, {}]`, Keras 3 nests them in arguments. */
function callsOf(layer: Json, name: string): readonly (readonly Source[])[] {
  return list(layer.inbound_nodes ?? [], `inbound_nodes of layer ${name}`).map((node) => {
    if (isObject(node)) return historiesIn(node.args, 0);
    const items = list(node, `inbound_nodes of layer ${name}`);
    // A call with one input may be written without the list around it.
    return typeof items[0] === 'string' ? [sourceOf(items)] : items.map(sourceOf);
  });
}

function sourcesIn(value: unknown, what: string): readonly Source[] {
  const items = list(value, what);
  return typeof items[0] === 'string' ? [sourceOf(items)] : items.map(sourceOf);
}

function sourceOf(value: unknown): Source {
  const [layer, call, output] = list(value, 'a connection');
  return {
    layer: text(layer, 'the layer of a connection'),
    call: wholeNumber(call, 'a connection'),
    output: wholeNumber(output, 'a connection'),
  };
}

function historiesIn(value: unknown, depth: number): readonly Source[] {
  if (depth > maxDepth) return malformed('arguments are nested too deeply');
  if (Array.isArray(value)) return value.flatMap((v) => historiesIn(v, depth + 1));
  if (!isObject(value) || !isObject(value.config)) return [];
  return value.class_name === '__keras_tensor__' ? [sourceOf(value.config.keras_history)] : [];
}

/** A symbolic name for each extent that is not known. */
function inputOf(config: Json, name: string, w: Writer): Feature {
  const shape = list(config.batch_input_shape ?? config.batch_shape, `the input shape of ${name}`);
  const dims = shape.map((d, i) => (i === 0 || d === null ? undefined : wholeNumber(d, `the input shape of ${name}`)));
  if (dims.length === 0) malformed(`the input shape of ${name} is empty`);
  const dtype = config.dtype ?? 'float32';
  if (dtype !== 'float32') unsupported(`an input of type ${String(dtype)}`);
  const batch = typeof shape[0] === 'number' ? shape[0] : 'batch';
  const declared = dims.map((d, i) => (i === 0 ? batch : (d ?? `${name}_dim${i}`)));
  return {
    dims: [typeof batch === 'number' ? batch : undefined, ...dims.slice(1)],
    dtype: 'float32',
    last: w.b.input(name, 'float32', declared),
  };
}

function writeLayer(layer: Json, name: string, inputs: readonly Feature[], scope: Scope): readonly Feature[] {
  const type = text(layer.class_name, `class_name of layer ${name}`);
  if (type === 'Sequential' || type === 'Model' || type === 'Functional') {
    return writeModel(layer, { ...scope, depth: scope.depth + 1 }, inputs);
  }
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CutlineError('TFJS_UNSUPPORTED', { path: scope.path, kind: 'layer', name, type, problem }, { cause });
  };
  if (!Object.hasOwn(writers, type)) return refuse('there is no rule for layers of this class');
  const asked: Layer = {
    w: scope.w,
    name,
    type,
    config: object(layer.config, `config of layer ${name}`),
    inputs,
    weight: (weight) => weightOf(scope.weights, name, weight) ?? malformed(`layer ${name} has no weight ${weight}`),
  };
  try {
    return [writers[type]!(asked)];
  } catch (error) {
    if (error instanceof UnsupportedError) return refuse(error.message, error);
    throw error;
  }
}

/** Converters name weights `layer/kernel`, some with the layer or model written once more before. */
function weightOf(weights: ReadonlyMap<string, Tensor>, layer: string, weight: string): Tensor | undefined {
  const exact = weights.get(`${layer}/${weight}`);
  if (exact) return exact;
  const ends = [...weights].filter(([name]) => name.endsWith(`/${layer}/${weight}`));
  return ends.length === 1 ? ends[0]![1] : undefined;
}
