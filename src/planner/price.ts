/** What a candidate costs, from profiles. Every term carries where it comes from; what is unknown is null, never zero. */

import { encodingOf, encodings, usualBytesPerS } from '../codecs.ts';
import { bytesPerElement, type DType, sizeOf } from '../model/index.ts';
import type { Cost, Source } from '../plan/index.ts';
import { timedStages } from '../privacy/mechanisms/index.ts';
import type { Profile } from '../profile/index.ts';
import { codeBits } from './code.ts';
import { computeOf } from './compute.ts';
import { certain, medianOnly, none, sum, type Term, termOf, timeAt, worst } from './distribution.ts';
import { energyOf } from './energy.ts';
import type { CutFacts, CutTensor, ModelFacts, Option } from './facts.ts';
import { agentOverhead, consumerOverhead, isKnown, usualMs } from './overhead.ts';

export interface Profiles {
  readonly device: Profile;
  readonly cloud: Profile;
  readonly link: Profile;
}

/** Short envelope (44 to 64), topic with fleet, device and plan, and MQTT headers of one activation; what each further tensor adds. */
export const MESSAGE_BYTES = 150;
const TENSOR_BYTES = 48;
/** A pixel's channel in a compressed picture, until one was measured: JPEG at quality 85 has some 2. */
const PICTURE_BITS = 2;

/** Elements a second on one slow core: of plain noise and what rounds, and of exact noise. */
const [usualPerS, usualExactPerS] = [5e6, 1e5];

export function price(option: Option, model: ModelFacts, profiles: Profiles): Cost {
  const { cut } = option;
  const { device, link } = profiles;
  const sends = cut.id !== 'output';
  const payload = sends ? payloadBytes(option) : { value: 0, source: 'measured' as const };
  const wireBytes = sends ? payload.value + MESSAGE_BYTES + TENSOR_BYTES * (cut.tensors.length - 1) : 0;
  const parts = partsOf(option, model, profiles, wireBytes);
  const total = sum(parts.head, parts.encode, parts.network, parts.tail);
  const latencyMs = {
    total: total.p50,
    head: parts.head.p50,
    encode: parts.encode.p50,
    network: parts.network.p50,
    tail: parts.tail.p50,
    p50: total.p50,
    p95: total.p95,
    ...(parts.uncountedMs > 0 && { uncounted: parts.uncountedMs }),
  };
  // What the runtime takes costs energy too: where it is not known, the sum is no measurement.
  const energy = energyOf(latencyMs, wireBytes, device, link, [total.source, parts.runtime ?? 'modelled']);
  return {
    latencyMs,
    energyMj: energy?.mj ?? null,
    activationBytes: cut.activationBytes,
    wireBytes,
    downloadBytes: cut.headWeightBytes,
    accuracy: null,
    agreement: null,
    sources: {
      head: parts.head.source,
      encode: parts.encode.source,
      network: parts.network.source,
      tail: parts.tail.source,
      energy: energy?.source ?? null,
      wireBytes: payload.source,
      runtime: parts.runtime,
    },
  };
}

/** As the agent reports them (`device/record.ts`), but for the mechanism, which it counts with the head. */
function partsOf(option: Option, model: ModelFacts, { device, cloud, link }: Profiles, wireBytes: number) {
  const { cut } = option;
  const input = model.cuts.find((c) => c.id === 'input')?.activationBytes ?? 0;
  const call = cut.id === 'input' ? none : agentOverhead(device, 'head')(input + cut.activationBytes);
  const head = sum(computeOf(cut, 'head', model, device), call);
  const isAgentKnown = isKnown(device);
  if (cut.id === 'output') {
    const uncountedMs = isAgentKnown ? 0 : usualMs.agent;
    return { head, encode: none, network: none, tail: none, runtime: isAgentKnown ? call.source : null, uncountedMs };
  }
  const write = agentOverhead(device, 'encode')(cut.activationBytes);
  const exchange = consumerOverhead(cloud, 'exchange')(wireBytes);
  const answer = consumerOverhead(cloud, 'tail')(cut.activationBytes + model.answerBytes);
  return {
    head,
    encode: sum(mechanismTime(option, model, device), codecTime(option, device), write),
    network: sum(linkTime(wireBytes, model.answerBytes + MESSAGE_BYTES, link), exchange),
    tail: sum(computeOf(cut, 'tail', model, cloud), answer),
    runtime: isAgentKnown && isKnown(cloud) ? worst(call.source, write.source, exchange.source, answer.source) : null,
    uncountedMs: (isAgentKnown ? 0 : usualMs.agent) + (isKnown(cloud) ? 0 : usualMs.consumer),
  };
}

/** Numbers of float32 take the codec's bits; other types travel raw. Deflate promises no gain until one was measured. */
function payloadBytes(option: Option): { readonly value: number; readonly source: Source } {
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
  const value = cut.tensors.reduce((n, t, i) => n + Math.ceil(bits(t, i) / 8), 0);
  // A code is as long as it is, whatever the picture.
  return { value, source: code ? 'measured' : 'modelled' };
}

/** Beyond writing float32, which is part of what the runtime takes. */
function codecTime({ cut, codec }: Option, device: Profile): Term {
  if (codec === 'float32' && device.runtime) return none;
  const bytes = 4 * elementsOf(cut);
  const speed = device.encode?.[codec];
  if (!speed) return medianOnly((1e3 * bytes) / usualBytesPerS(codec), 'modelled');
  return sum(timeAt(speed, bytes), speed.fixedMs ? termOf(speed.fixedMs) : none);
}

/** Stages one after the other, each over all elements of the place where it acts. */
function mechanismTime({ defense, cut }: Option, model: ModelFacts, { mechanism }: Profile): Term {
  if (defense === 'none') return none;
  const input = model.cuts.find((c) => c.id === 'input');
  const terms = timedStages(defense).map(({ kind, place }): Term => {
    const elements = elementsOf(place === 'input' && input ? input : cut);
    const measured = mechanism?.[kind];
    if (measured) return timeAt(measured, elements);
    return medianOnly((1e3 * elements) / (kind.startsWith('exact-') ? usualExactPerS : usualPerS), 'modelled');
  });
  return sum(...terms);
}

const elementsOf = ({ tensors }: CutFacts): number => tensors.reduce((n, t) => n + sizeOf(t.shape), 0);

/** An echo of that size: it scatters as a small one does, and takes its bytes longer. */
function linkTime(upBytes: number, downBytes: number, { link }: Profile): Term {
  const { rttMs, uplinkBps, downlinkBps } = link!;
  const wireMs = (8e3 * upBytes) / uplinkBps.value + (8e3 * downBytes) / (downlinkBps ?? uplinkBps).value;
  // An answer may come back at another rate than the one that was measured.
  const source = worst(rttMs.source, uplinkBps.source, downlinkBps?.source ?? 'modelled');
  return { ...sum(termOf(rttMs), certain(wireMs, uplinkBps.source)), source };
}
