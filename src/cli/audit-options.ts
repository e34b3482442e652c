/** From the options of `cutline audit` to those of the audit; what nobody says is as the protocol asks, where there is one. */
import type { Dataset, Preprocessing } from '../data/index.ts';
import type { Protocol } from '../plan/index.ts';
import { type AuditOptions, byProtocol, type LeastBudgets, readOwnSettings } from '../privacy/audit/index.ts';
import { chosenAttacks, inverseNetworkSettings } from './attack-options.ts';
import type { AuditSettings } from './run-audit.ts';

const defaultImages = 100;

/**
 * @param learntFrom see `byProtocol`
 * @throws CutlineError PROTOCOL_VICTIMS, PROTOCOL_ATTACK, ATTACK_NOT_ALLOWED, and for files that cannot be read
 */
export async function auditOptions(
  settings: AuditSettings,
  preprocessing: Preprocessing,
  data: Dataset,
  protocol: Protocol | undefined,
  learntFrom?: number | undefined,
): Promise<Omit<AuditOptions, 'modelSha256'>> {
  const asked = protocol && byProtocol(protocol, settings.threat, data, learntFrom);
  const { least, ...rest } = asked ?? {};
  const { memoryGb, lambdaTv, maxSsim, observations, cuts } = settings;
  const inverse = await inverseNetworkSettings(settings);
  const { iterations, epochs } = settings;
  const lambda: number | 'auto' | undefined =
    lambdaTv === undefined || lambdaTv === 'auto' ? lambdaTv : Number(lambdaTv);
  const { channels } = preprocessing;
  const own = await readOwnSettings(settings.own, { iterations, epochs, lambdaTv: lambda, channels });
  const { solver, formula, restarts, learningRate } = settings;
  const rmle = { solver, formula, restarts, learningRate, iterations, lambdaTv: lambda };
  return {
    ...rest,
    ...atLeast({ ...own, rmle, inverseNetwork: inverse }, least),
    images: settings.images ?? asked?.images ?? defaultImages,
    gallery: settings.gallery ?? asked?.gallery,
    observations: observations ?? asked?.observations,
    ...(settings.adaptive === false && { adaptive: false }),
    seed: settings.seed,
    attacks: asked && !settings.attacks ? asked.attacks : chosenAttacks(settings),
    iterations,
    memoryBytes: memoryGb && memoryGb * 2 ** 30,
    cuts,
    defenses: settings.defenses,
    codecs: settings.codecs,
    // Whoever names cuts wants them all.
    ...(maxSsim !== undefined && { maxSsim, bisect: cuts === undefined }),
  };
}

/** Settings by name; budgets that nobody gives are the least that the protocol asks for. */
function atLeast<Settings extends object>(asked: Settings, least: LeastBudgets | undefined): Settings {
  const filled = Object.entries(least ?? {}).map(([name, budgets]) => {
    const given = Object.entries(asked[name as keyof Settings] ?? {}).filter(([, value]) => value !== undefined);
    return [name, { ...budgets, ...Object.fromEntries(given) }] as const;
  });
  return { ...asked, ...Object.fromEntries(filled) };
}
