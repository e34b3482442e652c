/** What an audit does so as to meet a protocol: its attacks with the least budgets it asks for, and whom they attack. */
import type { Dataset } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { type BudgetKey, confidenceFor, type Protocol, protocolSha256, requiredAttacks } from '../../plan/index.ts';
import { defaultQueries, type Threat } from '../attacks/index.ts';
import { type AttackName, attackNames } from './attack-list.ts';
import type { AuditOptions } from './audit.ts';

export type ProtocolSettings = Pick<
  AuditOptions,
  'attacks' | 'images' | 'heldBack' | 'confidence' | 'gallery' | 'observations' | 'protocol'
> & { readonly least: LeastBudgets };

/** By the settings of an audit; what several attacks share is the greatest that any of them must have. Undefined: not asked for. */
export interface LeastBudgets {
  readonly rmle: Budgets<'iterations' | 'restarts'>;
  readonly inverseNetwork: Budgets<'epochs'> & {
    /** No more than there are pictures to ask about. */
    readonly queries: readonly number[] | undefined;
  };
  readonly latent: Budgets<'iterations' | 'restarts'>;
  readonly shadow: Budgets<'shadows' | 'epochs'>;
}
type Budgets<K extends BudgetKey> = { readonly [Key in K]: number | undefined };

const descents: readonly AttackName[] = ['rmle', 'hybrid'];
const learners: readonly AttackName[] = ['inverse-network', 'hybrid', 'substitute'];

/** Who attacks a learned code owns as many pictures as it was learnt from: with fewer it looks safer than it is. At most so many. */
const mostLearnt = 20_000;

/**
 * @param threat of the observer who is asked for
 * @param learntFrom of a network with a learned code that is attacked, how many pictures taught it
 * @throws CutlineError PROTOCOL_VICTIMS when there are too few pictures, PROTOCOL_ATTACK for an attack that is not known here
 */
export function byProtocol(
  protocol: Protocol,
  threat: Threat,
  { train, test, name }: Dataset,
  learntFrom = 0,
): ProtocolSettings {
  const required = requiredAttacks(protocol, threat);
  const known = (n: string): n is AttackName => attackNames.some((a) => a === n);
  const attacks = required.map((a) => {
    if (!known(a.name)) {
      throw new CutlineError('PROTOCOL_ATTACK', {
        protocol: protocol.name,
        attack: a.name,
        known: attackNames.join(', '),
      });
    }
    return a.name;
  });
  const { victims, confirmation } = protocol;
  const heldBack = confirmation?.victims ?? 0;
  if (test.count < victims + heldBack) {
    throw new CutlineError('PROTOCOL_VICTIMS', {
      protocol: protocol.name,
      wanted: victims + heldBack,
      parts: `${victims} victims and ${heldBack} to confirm with`,
      name,
      found: test.count,
    });
  }
  const least = (names: readonly AttackName[], budget: BudgetKey): number | undefined => {
    const asked = required.flatMap((a) => (names.some((n) => n === a.name) ? (a[budget] ?? []) : []));
    return asked.length > 0 ? Math.max(...asked) : undefined;
  };
  const isLearning = required.some((a) => learners.some((n) => n === a.name));
  const taught = isLearning ? Math.min(learntFrom, mostLearnt) : 0;
  const queries = least(learners, 'queries') ?? (taught > 0 ? defaultQueries : undefined);
  return {
    attacks: [...new Set(attacks)],
    images: victims,
    heldBack,
    confidence: confidenceFor(protocol),
    // To be told among fewer is easier: where there are no more, all there are will do.
    gallery: Math.min(Math.max(protocol.gallery, victims + heldBack), test.count),
    observations: protocol.observations,
    protocol: { name: protocol.name, sha256: protocolSha256(protocol) },
    least: {
      rmle: { iterations: least(descents, 'iterations'), restarts: least(descents, 'restarts') },
      inverseNetwork: {
        queries: queries === undefined ? undefined : [Math.min(Math.max(queries, taught), train.count)],
        epochs: least(['inverse-network'], 'epochs'),
      },
      latent: { iterations: least(['latent'], 'iterations'), restarts: least(['latent'], 'restarts') },
      shadow: { shadows: least(['shadow'], 'shadows'), epochs: least(['shadow'], 'epochs') },
    },
  };
}
