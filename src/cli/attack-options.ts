/** The attacks of `cutline audit`, from its options. */
import { join } from 'node:path';
import { type ModelCard, readCard } from '../data/index.ts';
import { CutlineError } from '../errors.ts';
import { loadModel, saveModel } from '../model/index.ts';
import {
  type Alignment,
  type AttackerData,
  type DecoderKind,
  decoderKinds,
  type HeadStructure,
  type LossName,
  type ShadowInversion,
  type SubstituteInversion,
  type Threat,
} from '../privacy/attacks/index.ts';
import {
  type AttackName,
  type AuditOutcome,
  type AuditorOptions,
  checkAllowed,
  defaultAttacks,
} from '../privacy/audit/index.ts';

export interface AttackOptions {
  readonly threat: Threat;
  readonly attacks: readonly AttackName[] | undefined;
  readonly queries: readonly number[] | undefined;
  readonly attackerData: AttackerData;
  /** A kind, or a file. */
  readonly decoder: string;
  readonly loss: LossName;
  readonly epochs: number | undefined;
  readonly substitute: {
    readonly structure: HeadStructure;
    readonly inversion: SubstituteInversion;
    readonly epochs: number | undefined;
  };
  readonly shadow: {
    readonly structure: HeadStructure;
    readonly inversion: ShadowInversion;
    readonly alignment: Alignment;
    readonly shadows: number | undefined;
  };
  readonly shadowEpochs: number | undefined;
  /** A file. */
  readonly generator: string | undefined;
  /** What it makes; default what its card says, and without one network inputs. */
  readonly generatorMakes: GeneratorMakes | undefined;
}

/** Network inputs, or pixels from 0 to 1, or from −1 to 1. */
export type GeneratorMakes = 'inputs' | 'pixels' | 'signed-pixels';

/** What the user chose, or what is mounted where nobody says what. */
export function chosenAttacks({ attacks, threat }: AttackOptions): readonly AttackName[] {
  if (!attacks) return defaultAttacks(threat);
  checkAllowed(attacks, threat);
  return attacks;
}

export async function inverseNetworkSettings(
  settings: AttackOptions,
): Promise<NonNullable<AuditorOptions['inverseNetwork']>> {
  const { queries, epochs, decoder } = settings;
  const trained = /\.onnx$/i.test(decoder) ? await loadModel(decoder) : undefined;
  return {
    queries,
    epochs,
    data: settings.attackerData,
    loss: settings.loss,
    ...(trained ? { trained } : { decoder: kindOf(decoder) }),
  };
}

/** Steps are the solver's, epochs the decoder's, whichever inverts the shadow. */
export function shadowSettings({
  shadow,
  shadowEpochs,
  epochs,
  iterations,
  lambdaTv,
}: AttackOptions & {
  readonly iterations: number | undefined;
  readonly lambdaTv: string | undefined;
}): NonNullable<AuditorOptions['shadow']> {
  return {
    ...shadow,
    epochs: shadowEpochs,
    iterations: shadow.inversion === 'rmle' ? iterations : epochs,
    // A search on the shadow's own answers would trust it too much.
    lambdaTv: lambdaTv === undefined || lambdaTv === 'auto' ? undefined : Number(lambdaTv),
  };
}

export async function latentSettings(
  { generator, generatorMakes: makes }: AttackOptions,
  channels: number,
): Promise<NonNullable<AuditorOptions['latent']>> {
  if (generator === undefined) return {};
  const graph = await loadModel(generator);
  return { generator: { graph, scale: await scaleOf(generator, makes, channels) } };
}

async function scaleOf(path: string, makes: GeneratorMakes | undefined, channels: number) {
  const each = (value: number) => Array.from({ length: channels }, () => value);
  switch (makes) {
    case 'inputs':
      return undefined;
    case 'pixels':
      return { layout: 'NCHW', mean: each(0), std: each(1) } as const;
    case 'signed-pixels':
      return { layout: 'NCHW', mean: each(0.5), std: each(0.5) } as const;
    case undefined:
      return (await cardIfThere(path))?.preprocessing;
    default:
      return makes satisfies never;
  }
}

async function cardIfThere(path: string): Promise<ModelCard | undefined> {
  try {
    return await readCard(path);
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * One file for each decoder: `<cut>.<defense>.<attack>-<queries>.onnx`, with what a file's name cannot hold replaced, and a
 * number at the end where that makes two names one.
 * @throws CutlineError OUTPUT_NOT_WRITABLE, the first, when the others are written
 */
export async function saveDecoders(folder: string, { cells }: AuditOutcome): Promise<void> {
  const taken = new Map<string, number>();
  const failures: unknown[] = [];
  for (const { results, decoders } of cells) {
    for (const [name, decoder] of decoders) {
      if (name.startsWith('hybrid')) continue;
      const stem = `${results[0]!.cut}.${results[0]!.defense}.${name}`.replaceAll(/[^\w.+-]/g, '-').slice(-200);
      const twins = taken.get(stem) ?? 0;
      taken.set(stem, twins + 1);
      const file = twins === 0 ? stem : `${stem}.${twins + 1}`;
      await saveModel(decoder, join(folder, `${file}.onnx`)).catch((error: unknown) => failures.push(error));
    }
  }
  if (failures.length > 0) throw failures[0];
}

function kindOf(decoder: string): DecoderKind {
  const kind = decoderKinds.find((k) => k === decoder);
  if (kind) return kind;
  throw new CutlineError('USAGE', {
    problem: `--decoder ${decoder}: give ${decoderKinds.join(', ')}, or a file whose name ends in .onnx.`,
  });
}
