/** The attacks of `cutline audit`, from its options. */
import { join } from 'node:path';
import type { OptionsOfAttacks } from '../attacks.ts';
import { CutlineError } from '../errors.ts';
import { loadModel, saveModel } from '../model/index.ts';
import {
  type AttackerData,
  type DecoderKind,
  decoderKinds,
  type LossName,
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
  readonly own: OptionsOfAttacks;
}

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
