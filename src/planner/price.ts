/** What a candidate costs, from profiles. Every term carries where it comes from; what is unknown is null, never zero. */

import { encodingOf, encodings, usualBytesPerS } from '../codecs.ts';
import { bytesPerElement, type DType, sameFixed, sizeOf } from '../model/index.ts';
import type { Cost, Source } from '../plan/index.ts';
import { timedStages } from '../privacy/mechanisms/index.ts';
import type { Compute, Profile } from '../profile/index.ts';
import { codeBits } from './code.ts';
import type { CutFacts, CutTensor, ModelFacts, NodeWork, Option } from './facts.ts';

export interface Profiles {
  readonly device: Profile;
  readonly cloud: Profile;
  readonly link: Profile;
}

interface Term {
  readonly value: number;
  readonly source: Source;
}

/** Envelope (ids, times, names), topic and MQTT headers of one activation, and what each further tensor adds. */
const MESSAGE_BYTES = 260;
const TENSOR_BYTES = 48;
/** A pixel's channel in a compressed picture, until one was measured: JPEG at quality 85 has some 2. */
const PICTURE_BITS = 2;
/** TCP and IP headers on a full segment: 40 of 1500. */
const TCP_SHARE = 1460 / 1500;

/** Elements a second on one slow core: of plain noise and what rounds, and of exact noise. */
const [usualPerS, usualExactPerS] = [5e6, 1e5];

const rank: Readonly<Record<Source, number>> = { measured: 0, published: 1, modelled: 2 };
const worst = (...all: readonly Source[]): Source => all.reduce((a, b) => (rank[a] >= rank[b] ? a : b));

export function price(option: Option, model: ModelFacts, { device, cloud, link }: Profiles): Cost {
  const { cut } = option;
  const sends = cut.id !== 'output';
  const head = compute(cut, 'head', model, device);
  const tail = compute(cut, 'tail', model, cloud);
  const payload = sends ? payloadBytes(option) : { value: 0, source: head.source };
  const encode = sends ? encodeMs(option, model, device) : { value: 0, source: head.source };
  const wireBytes = sends ? payload.value + MESSAGE_BYTES + TENSOR_BYTES * (cut.tensors.length - 1) : 0;
  const network = sends
    ? networkMs(wireBytes, model.answerBytes + MESSAGE_BYTES, link)
    : { value: 0, source: head.source };
  const latencyMs = {
    total: head.value + encode.value + network.value + tail.value,
    head: head.value,
    encode: encode.value,
    network: network.value,
    tail: tail.value,
  };
  const energy = energyMj(latencyMs, sends ? wireBytes : 0, device, link, [head, encode, network, tail]);
  return {
    latencyMs,
    energyMj: energy?.value ?? null,
    activationBytes: cut.activationBytes,
    wireBytes,
    downloadBytes: cut.headWeightBytes,
    accuracy: null,
    agreement: null,
    sources: {
      head: head.source,
      encode: encode.source,
      network: network.source,
      tail: tail.source,
      energy: energy?.source ?? null,
      wireBytes: payload.source,
    },
  };
}

/** Measured where the profile has this model and cut, else a roofline for each node. */
function compute(cut: CutFacts, side: 'head' | 'tail', model: ModelFacts, profile: Profile): Term {
  const nodes = cut[side];
  if (nodes.length === 0) return { value: 0, source: 'measured' };
  const measured = profile.models
    ?.find((m) => m.sha256 === model.sha256 && sameFixed(m.fixed, model.fixed))
    ?.cuts.find((c) => c.cut === cut.id);
  const figure = side === 'head' ? measured?.headMs : measured?.tailMs;
  return figure ?? { value: rooflineMs(nodes, profile.compute!), source: 'modelled' };
}

/** Williams et al. 2009, one roof for each operator class; nodes run one after the other. */
export function rooflineMs(nodes: readonly NodeWork[], profile: Compute): number {
  let ms = profile.callOverheadMs.value;
  for (const node of nodes) {
    const roof = profile.classes[node.class];
    const compute = roof.macsPerS && node.macs > 0 ? node.macs / roof.macsPerS.value : 0;
    ms += profile.nodeOverheadMs.value + 1e3 * Math.max(compute, node.bytes / roof.bytesPerS.value);
  }
  return ms;
}

/** Numbers of float32 take the codec's bits; other types travel raw. Deflate promises no gain until one was measured. */
function payloadBytes(option: Option): Term {
  const { cut, codec } = option;
  const measured = cut.payloadBytes?.[codec];
  if (measured !== undefined) return { value: measured, source: 'measured' };
  const { elementBits } = encodings[encodingOf(codec)];
  const code = elementBits === 'levels' ? codeBits(option) : undefined;
  const bits = (t: CutTensor, i: number) => {
    if (t.dtype !== 'float32') return 8 * sizeOf(t.shape) * (bytesPerElement(t.dtype as DType) ?? 0);
    // What is no code is refused, whatever it costs.
    if (elementBits === 'levels') return code?.[i] ?? 32 * sizeOf(t.shape);
    return (elementBits === 'picture' ? PICTURE_BITS : elementBits) * sizeOf(t.shape);
  };
  const value = cut.tensors.reduce((sum, t, i) => sum + Math.ceil(bits(t, i) / 8), 0);
  // A code is as long as it is, whatever the picture.
  return { value, source: code ? 'measured' : 'modelled' };
}

/** The codec, and before it the mechanism. */
function encodeMs({ cut, codec, defense }: Option, model: ModelFacts, device: Profile): Term {
  const speed = device.encode?.[codec];
  const codecMs = (4e3 * elementsOf(cut)) / (speed?.value ?? usualBytesPerS(codec));
  const mechanism = mechanismMs(defense, cut, model, device);
  return { value: codecMs + mechanism.value, source: worst(speed?.source ?? 'modelled', mechanism.source) };
}

/** Stages one after the other, each over all elements of the place where it acts. */
function mechanismMs(defense: string, cut: CutFacts, model: ModelFacts, { mechanism }: Profile): Term {
  if (defense === 'none') return { value: 0, source: 'measured' };
  const input = model.cuts.find((c) => c.id === 'input');
  const terms = timedStages(defense).map(({ kind, place }): Term => {
    const elements = elementsOf(place === 'input' && input ? input : cut);
    const measured = mechanism?.[kind];
    const usual = kind.startsWith('exact-') ? usualExactPerS : usualPerS;
    return { value: (1e3 * elements) / (measured?.value ?? usual), source: measured?.source ?? 'modelled' };
  });
  return { value: terms.reduce((sum, t) => sum + t.value, 0), source: worst(...terms.map((t) => t.source)) };
}

const elementsOf = ({ tensors }: CutFacts): number => tensors.reduce((n, t) => n + sizeOf(t.shape), 0);

function networkMs(upBytes: number, downBytes: number, { link }: Profile): Term {
  const { rttMs, uplinkBps, downlinkBps = uplinkBps } = link!;
  const wireMs = (bytes: number, bps: number) => (8e3 * bytes) / (bps * TCP_SHARE);
  return {
    value: rttMs.value + wireMs(upBytes, uplinkBps.value) + wireMs(downBytes, downlinkBps.value),
    source: worst(rttMs.source, uplinkBps.source, downlinkBps.source),
  };
}

/**
 * Energy of one inference: the board busy while it computes and encodes, idle while it waits, and its radio on top
 * while anything is sent at all. Undefined when a power that is needed is unknown.
 */
function energyMj(
  latency: Cost['latencyMs'],
  wireBytes: number,
  { power }: Profile,
  { link }: Profile,
  terms: readonly Term[],
): Term | undefined {
  if (!power) return undefined;
  const busy = power.busyW.value * (latency.head + latency.encode);
  const sources = terms.map((t) => t.source);
  if (wireBytes === 0) return { value: busy, source: worst(power.busyW.source, ...sources) };
  const radio = link?.radio;
  if (!power.idleW || !radio) return undefined;
  const sendMs = (8e3 * wireBytes) / link.uplinkBps.value;
  const sendW = radio.sendBaseW.value + (radio.sendWPerMbps.value * link.uplinkBps.value) / 1e6;
  const wait = power.idleW.value * (latency.network + latency.tail);
  const air = radio.idleW.value * latency.total + sendW * sendMs;
  return {
    value: busy + wait + air,
    source: worst(power.busyW.source, power.idleW.source, radio.idleW.source, radio.sendBaseW.source, ...sources),
  };
}
