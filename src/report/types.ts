/**
 * What a report is made from: results as the commands print them, nothing computed here. The types are structural, so that
 * the report depends on no other part; a document with more in it is welcome.
 */

/** Mean with its 95 % interval. */
export interface Band {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly worstDecile?: number | undefined;
}

/** One attack on one cut, as `cutline audit --json` has it in `results`. */
export interface AuditEntry {
  readonly cut: string;
  readonly defense: string;
  readonly codec: string;
  readonly threat: string;
  readonly attack: string;
  readonly images?: number | undefined;
  /** Of one scene, used jointly. */
  readonly observations?: number | undefined;
  readonly ssim: Band;
  /** SSIM over what the answer alone gives. */
  readonly overAnswer?: Band | undefined;
  readonly psnr?: Band | undefined;
  readonly baseline?: { readonly psnr: number; readonly ssim: number } | undefined;
  readonly gain?: { readonly psnr: Band; readonly ssim: Band } | undefined;
  readonly ssimPaper?: Band | undefined;
  readonly msssim?: (Band & { readonly scales: number }) | undefined;
  readonly mse?: Band | undefined;
  readonly reidentification?: Identification | undefined;
  readonly featureReidentification?: Identification | undefined;
  readonly featureCosine?: (Band & { readonly baseline: number }) | undefined;
  readonly labelAgreement?: { readonly share: number; readonly baseline: number } | undefined;
  /** Of the split model under the defense, 0 … 1. */
  readonly accuracy?: number | null | undefined;
  readonly seconds?: number | undefined;
  readonly iterations?: number | undefined;
}

/** An attack that found nothing out, as `cutline audit --json` has it in `failed`. */
export interface FailedEntry {
  readonly cut: string;
  readonly defense: string;
  readonly threat: string;
  readonly attack: string;
  readonly message: string;
}

interface Identification {
  /** Share found among the gallery, 0 … 1. */
  readonly rank1: number;
  readonly gallery: number;
}

/** What is known of a cut under a defense without any attack, as `cutline audit --json` has it in `exposure`. */
export interface ExposureEntry {
  readonly cut: string;
  readonly defense: string;
  readonly distanceCorrelation?: { readonly value: number; readonly n: number } | undefined;
  readonly dfil?: { readonly value: number; readonly mseBound: number } | undefined;
  /** Bits of a message, where what is sent is discrete. */
  readonly bitsCap?: number | null | undefined;
}

export interface CandidateEntry {
  readonly cut: string;
  readonly defense: string;
  readonly codec: string;
  readonly latencyMs: {
    readonly total: number;
    readonly head: number;
    readonly encode: number;
    readonly network: number;
    readonly tail: number;
    /** Null where a term has none. */
    readonly p95?: number | null | undefined;
    /** Of the runtime itself, modelled, and not part of the total: the profiles do not say it. */
    readonly uncounted?: number | undefined;
  };
  readonly energyMj: number | null;
  /** Where each term comes from: measured, published or modelled. */
  readonly sources?:
    | { readonly head: string; readonly encode: string; readonly network: string; readonly tail: string }
    | undefined;
  readonly activationBytes: number;
  readonly wireBytes: number;
  /** Bits of a message, where what is sent is discrete: nobody learns more. */
  readonly bitsCap?: number | null | undefined;
  readonly accuracy: number | null;
  readonly leakage: {
    readonly threat: string;
    readonly attack: string;
    readonly ssim: Band;
    /** What is made of the answer alone. */
    readonly floor?: Band | undefined;
  } | null;
  /** What its evidence is worth. */
  readonly standing?: string | undefined;
  readonly feasible: boolean;
  readonly reasons: readonly string[];
}

/** What an observer gets from the chosen candidate, as plan.json has it. */
export interface EvidenceEntry {
  readonly observer: { readonly threat: string; readonly observations: number };
  readonly attacks: readonly { readonly name: string }[];
  readonly strongest: string;
  readonly images: number;
  readonly ssim: Band;
  readonly floor: Band | null;
  readonly overAnswer: Band | null;
  readonly reidentification: Identification | null;
  readonly confirmation: { readonly images: number; readonly confidence: number } | null;
}

export interface AlternativesEntry {
  readonly list: readonly {
    readonly kind: 'device' | 'cloud' | 'split';
    readonly candidate: CandidateEntry | null;
    /** What would have to change for it to win. */
    readonly change: string;
  }[];
  readonly winner: string | null;
  readonly sentence: string;
}

export interface CollapsedEntry {
  readonly rows: readonly { readonly candidate: CandidateEntry; readonly ties: number }[];
  readonly rest: readonly { readonly count: number; readonly sentence: string }[];
}

/** What `cutline plan` chose from, and why. */
export interface PlanEntry {
  readonly chosen: CandidateEntry | undefined;
  readonly candidates: readonly CandidateEntry[];
  readonly thresholds: {
    readonly threat: string;
    readonly maxSsim: number;
    readonly maxGain?: number | undefined;
    readonly objective: string;
    readonly maxLatencyMs?: number | undefined;
    readonly maxEnergyMj?: number | undefined;
    readonly maxP95Ms?: number | undefined;
    readonly maxCloudMs?: number | undefined;
    readonly maxMemoryBytes?: number | undefined;
    readonly maxBytes?: number | undefined;
    readonly minAgreement?: number | undefined;
    readonly minAccuracy?: number | undefined;
    readonly maxBits?: number | undefined;
    readonly maxDownloadBytes?: number | undefined;
  };
  /** What the evidence was held against. */
  readonly protocol?: { readonly name: string; readonly victims: number } | undefined;
  /** Of the chosen one, an entry an observer. */
  readonly evidence?: readonly EvidenceEntry[] | undefined;
  readonly audits?: { readonly run: number; readonly saved: number } | undefined;
  /** All on the device, all in the cloud, split: the best of each. */
  readonly alternatives?: AlternativesEntry | undefined;
  /** What costs alone would have chosen. */
  readonly costOnly?: { readonly sentence: string; readonly candidate: CandidateEntry | null } | undefined;
  /** The candidates in few rows; without it every cut and defense has one. */
  readonly collapsed?: CollapsedEntry | undefined;
  /** What to relax when nothing was chosen, a sentence. */
  readonly relaxation?: string | undefined;
}

/** What happened when the pictures went through. */
export interface RunEntry {
  readonly images: number;
  /** End to end, one an inference, in order. */
  readonly latencyMs: readonly number[];
  /** Share of right answers, 0 … 1; left out for unlabelled pictures. */
  readonly accuracy?: { readonly split: number; readonly unsplit: number } | undefined;
  /** The model has a learned code, and `unsplit` is of the one that it was made of. */
  readonly hardened?: boolean | undefined;
  /** Share of pictures where the model gives the same answer in two pieces and in one, 0 … 1. */
  readonly agreement: number;
  /** Greatest difference of an output, relative. */
  readonly greatestDifference?: number | undefined;
}

/** Strips of victims, base64 of PNG. */
export interface SeenPictures {
  readonly truth: string;
  readonly rows: readonly {
    readonly cut: string;
    readonly defense: string;
    readonly attack: string;
    /** Mean. */
    readonly ssim: number;
    readonly png: string;
  }[];
}

/** What the page needs to plan again. */
export interface AgainEntry {
  /** JavaScript that finds its data and its place by their ids (src/page). */
  readonly program: string;
  /** As the planner records it. */
  readonly search: object;
  readonly pictures?: SeenPictures | undefined;
}

export interface ReportData {
  readonly title: string;
  /** ISO 8601. */
  readonly created: string;
  readonly model: { readonly name: string; readonly sha256: string };
  readonly data: { readonly name: string; readonly sha256: string; readonly victims: number };
  readonly plan: PlanEntry;
  /** Every attack that was run. */
  readonly attacks: readonly AuditEntry[];
  readonly failed?: readonly FailedEntry[] | undefined;
  readonly exposure?: readonly ExposureEntry[] | undefined;
  readonly run?: RunEntry | undefined;
  /** Without it the page is fixed, and has no script. */
  readonly again?: AgainEntry | undefined;
  /** The contact sheet, PNG. */
  readonly sheet?: Uint8Array | undefined;
  /** Machine, versions, profiles: name → value, shown as they are. */
  readonly environment: Readonly<Record<string, string>>;
  /** Digests that tie the report to its evidence: name → hex. */
  readonly digests: Readonly<Record<string, string>>;
}
