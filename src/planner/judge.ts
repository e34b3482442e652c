/** Which requirements a candidate breaks, and by how much. */
import { carriesCodes } from '../codecs.ts';
import type { BrokenRule, Candidate, Thresholds } from '../plan/index.ts';
import { type CutFacts, fits } from './facts.ts';

/** A requirement that is broken. `option` is the flag that would have to give way, and `needed` the value it would need. */
export interface Breach {
  readonly option:
    | 'max-ssim'
    | 'max-gain'
    | 'min-depth'
    | 'max-floats'
    | 'max-latency-ms'
    | 'max-p95-ms'
    | 'max-energy-mj'
    | 'max-cloud-ms'
    | 'max-memory-bytes'
    | 'rate'
    | 'min-accuracy'
    | 'min-agreement'
    | 'max-bytes'
    | 'max-bits'
    | 'max-download-bytes'
    | undefined;
  readonly asked: number;
  readonly needed: number;
  readonly reason: string;
  /** A flag without an amount: it is asked for or it is not. */
  readonly demand?: 'require-split' | 'require-mixing' | 'at' | undefined;
  /** Of the protocol: without an option, asked and needed are what it allows and what it would have to. */
  readonly rule?: BrokenRule;
  /** An audit could mend it. */
  readonly unaudited?: true;
  /** One was made, and did less than the protocol asks for. */
  readonly screened?: true;
  /** Attacks have shown too much. */
  readonly leaks?: true;
}

export type Priced = Omit<Candidate, 'feasible' | 'reasons' | 'standing'>;

/**
 * @param maxPacketBytes the broker's limit; a message above it never arrives: it is dropped and resent for ever
 * @param failure of an attack, because of which the leakage is not known
 */
export function breachesOf(
  c: Priced,
  cut: CutFacts,
  asked: Thresholds,
  maxPacketBytes = Number.POSITIVE_INFINITY,
  failure?: { readonly attack: string; readonly message: string },
): Breach[] {
  const breaches: Breach[] = [];
  const { leakage } = c;
  if (!leakage) {
    const reason = failure
      ? `Not audited: ${failure.attack} failed. ${failure.message}`
      : `Not audited: no ${asked.threat} attack was run on this cut with this defense.`;
    breaches.push({ ...unknown(reason), unaudited: true });
  } else if (leakage.ssim.high > asked.maxSsim) {
    const { high, mean } = leakage.ssim;
    const reason =
      leakage.attack === 'reading'
        ? leakage.images > 0
          ? `The cloud sees the picture itself, with SSIM ${figure(mean)} of what was sent; at most ${figure(asked.maxSsim)} is allowed.`
          : `The cloud sees the picture itself; at most SSIM ${figure(asked.maxSsim)} is allowed.`
        : leakage.attack === 'guess'
          ? `A guess that saw nothing already reaches SSIM ${figure(high)}; at most ${figure(asked.maxSsim)} is allowed.`
          : `${leakage.attack}${leakage.inherited ? `, at ${leakage.inherited.cut}, which follows from it,` : ''} recovers the picture up to SSIM ${figure(high)} (mean ${figure(mean)} of ${leakage.images} images); at most ${figure(asked.maxSsim)} is allowed.`;
    breaches.push({ option: 'max-ssim', asked: asked.maxSsim, needed: high, reason, leaks: true });
  }
  if (c.queueing && !c.queueing.keepsUp) breaches.push(tooSlow(c.queueing));
  over(breaches, 'max-latency-ms', 'latency', 'ms', c.latencyMs.total, asked.maxLatencyMs);
  over(breaches, 'max-p95-ms', 'p95 of latency', 'ms', c.latencyMs.p95 ?? null, asked.maxP95Ms);
  over(breaches, 'max-energy-mj', 'energy', 'mJ', c.energyMj, asked.maxEnergyMj);
  over(breaches, 'max-cloud-ms', 'work for a server', 'ms', c.cloudMs, asked.maxCloudMs);
  over(breaches, 'max-memory-bytes', 'memory on the device', 'bytes', c.memoryBytes, asked.maxMemoryBytes);
  over(breaches, 'max-bytes', 'message', 'bytes', c.wireBytes, asked.maxBytes);
  if (c.cut !== 'output' && !fits(c.codec, cut, c.defense)) {
    const reason = carriesCodes(c.codec)
      ? `Codec ${c.codec} carries codes alone, and none is sent there with this defense.`
      : `Codec ${c.codec} carries pictures alone, of one or three channels, and none is sent there.`;
    breaches.push(unknown(reason));
  }
  if (asked.maxBits !== undefined) breaches.push(...tooManyBits(c.bitsCap, asked.maxBits));
  over(breaches, 'max-download-bytes', 'head', 'bytes', c.downloadBytes, asked.maxDownloadBytes);
  breaches.push(...structural(cut, asked));
  if (asked.requireSplit && (c.cut === 'input' || c.cut === 'output')) {
    breaches.push(demanded('require-split', 'It does not split the model, and --require-split asks for it.'));
  }
  if (asked.at !== undefined && c.cut !== asked.at) {
    breaches.push(demanded('at', `It is another cut than the one asked for with --at ${asked.at}.`));
  }
  under(breaches, 'min-accuracy', 'accuracy', c.accuracy, asked.minAccuracy);
  under(breaches, 'min-agreement', 'agreement with the whole model', c.agreement, asked.minAgreement);
  if (weighs('energy', asked) && asked.maxEnergyMj === undefined && c.energyMj === null) {
    breaches.push(unknown(unknowns['max-energy-mj']));
  }
  if (weighs('p95', asked) && asked.maxP95Ms === undefined && (c.latencyMs.p95 ?? null) === null) {
    breaches.push(unknown(unknowns['max-p95-ms']));
  }
  if (c.wireBytes > maxPacketBytes) {
    breaches.push(
      unknown(
        `Its message of ${c.wireBytes} bytes is above the broker's limit of ${maxPacketBytes} (MESSAGE_TOO_LARGE).`,
      ),
    );
  }
  return breaches;
}

/** Below what it can do by a hundredth: at all of it work waits for ever. */
function tooSlow({ ratePerS, capacityPerS, limit }: NonNullable<Priced['queueing']>): Breach {
  const needed = 0.99 * (capacityPerS ?? 0);
  const reason = `RATE_EXCEEDED: the ${limit} cannot keep up with ${figure(ratePerS)} requests a second; it does ${figure(capacityPerS ?? 0)}.`;
  return { option: 'rate', asked: ratePerS, needed, reason };
}

function tooManyBits(cap: number | null, asked: number): Breach[] {
  if (cap === null) {
    return [
      unknown('What is sent is not discrete, so nothing caps what it tells in bits, and --max-bits asks for a cap.'),
    ];
  }
  if (cap <= asked) return [];
  const reason = `Its message tells up to ${cap} bits; at most ${asked} are allowed.`;
  return [{ option: 'max-bits', asked, needed: cap, reason }];
}

/** What is asked of the cut itself, whatever attacks find. */
function structural({ id, layers, tensors }: CutFacts, asked: Thresholds): Breach[] {
  const breaches: Breach[] = [];
  if (asked.requireMixing && !layers.mixes) {
    const reason = 'No fully connected layer runs on the device, and --require-mixing asks for one.';
    breaches.push(demanded('require-mixing', reason));
  }
  if (asked.minDepth !== undefined && layers.depth < asked.minDepth) {
    const reason = `${layers.depth} layers with weights run on the device; at least ${asked.minDepth} are asked for.`;
    breaches.push({ option: 'min-depth', asked: asked.minDepth, needed: layers.depth, reason });
  }
  const floats = id === 'output' ? 0 : tensors.reduce((sum, t) => sum + t.shape.reduce((n, d) => n * d, 1), 0);
  if (asked.maxFloats !== undefined && floats > asked.maxFloats) {
    const reason = `${floats} values are sent; at most ${asked.maxFloats} are allowed.`;
    breaches.push({ option: 'max-floats', asked: asked.maxFloats, needed: floats, reason });
  }
  return breaches;
}

const unknowns = {
  'max-energy-mj': 'Its energy is unknown: the device or link profile has no power figures.',
  'max-p95-ms':
    'Its p95 is unknown: a profile has no distribution of one of its terms. Measure them: cutline profile MODEL --out FILE.',
  'max-memory-bytes': 'Its memory is unknown.',
  'max-latency-ms': 'Its latency is unknown.',
  'max-bytes': 'Its bytes are unknown.',
  'max-cloud-ms': 'Its work for a server is unknown.',
  'max-download-bytes': 'Its weights are unknown.',
} as const;

function weighs(what: 'energy' | 'p95', { objective, weights }: Thresholds): boolean {
  return objective === what || (objective === 'weights' && (weights?.[what] ?? 0) > 0);
}

function over(
  breaches: Breach[],
  option: keyof typeof unknowns,
  noun: string,
  unit: string,
  value: number | null,
  limit: number | undefined,
): void {
  if (limit === undefined) return;
  if (value === null) breaches.push(unknown(unknowns[option]));
  else if (value > limit) {
    const reason = `Its ${noun} is ${figure(value)} ${unit}; at most ${figure(limit)} ${unit} is asked for.`;
    breaches.push({ option, asked: limit, needed: value, reason });
  }
}

function under(
  breaches: Breach[],
  option: 'min-accuracy' | 'min-agreement',
  noun: string,
  value: number | null,
  limit: number | undefined,
): void {
  if (limit === undefined) return;
  if (value === null) breaches.push(unknown(`Its ${noun} was not measured, and --${option} asks for it.`));
  else if (value < limit) {
    const reason = `Its ${noun} is ${figure(value)}; at least ${figure(limit)} is asked for.`;
    breaches.push({ option, asked: limit, needed: value, reason });
  }
}

function unknown(reason: string): Breach {
  return { option: undefined, asked: 0, needed: 0, reason };
}

const demanded = (demand: Breach['demand'], reason: string): Breach => ({ ...unknown(reason), demand });

/** Three significant digits, without exponents. */
export function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}
