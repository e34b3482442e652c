/** From the options of `cutline audit` to those of the audit; what nobody says is as the protocol asks, where there is one. */
import type { Dataset, Preprocessing } from '../data/index.ts';
import type { Protocol } from '../plan/index.ts';
import { type AuditOptions, byProtocol } from '../privacy/audit/index.ts';
import { chosenAttacks, inverseNetworkSettings, latentSettings, shadowSettings } from './attack-options.ts';
import type { AuditSettings } from './run-audit.ts';

const defaultImages = 100;

/** @throws CutlineError PROTOCOL_VICTIMS, PROTOCOL_ATTACK, ATTACK_NOT_ALLOWED, and for files that cannot be read */
export async function auditOptions(
  settings: AuditSettings,
  preprocessing: Preprocessing,
  data: Dataset,
  protocol: Protocol | undefined,
): Promise<Omit<AuditOptions, 'modelSha256'>> {
  const asked = protocol && byProtocol(protocol, settings.threat, data);
  const { least, ...rest } = asked ?? {};
  const { memoryGb, lambdaTv, maxSsim, observations, cuts } = settings;
  const inverse = await inverseNetworkSettings(settings);
  const latent = await latentSettings(settings, preprocessing.channels);
  const shadow = shadowSettings(settings);
  return {
    ...rest,
    images: settings.images ?? asked?.images ?? defaultImages,
    gallery: settings.gallery ?? asked?.gallery,
    observations: observations ?? asked?.observations,
    ...(settings.adaptive === false && { adaptive: false }),
    seed: settings.seed,
    attacks: asked && !settings.attacks ? asked.attacks : chosenAttacks(settings),
    inverseNetwork: {
      ...inverse,
      queries: inverse.queries ?? least?.inverseNetwork.queries,
      epochs: inverse.epochs ?? least?.inverseNetwork.epochs,
    },
    latent: {
      ...latent,
      iterations: settings.iterations ?? least?.latent.iterations,
      restarts: least?.latent.restarts,
    },
    iterations: settings.iterations,
    substitute: settings.substitute,
    shadow: {
      ...shadow,
      shadows: shadow.shadows ?? least?.shadow.shadows,
      epochs: shadow.epochs ?? least?.shadow.epochs,
    },
    memoryBytes: memoryGb && memoryGb * 2 ** 30,
    rmle: {
      solver: settings.solver,
      formula: settings.formula,
      restarts: settings.restarts ?? least?.rmle.restarts,
      lambdaTv: lambdaTv === undefined || lambdaTv === 'auto' ? lambdaTv : Number(lambdaTv),
      learningRate: settings.learningRate,
      iterations: settings.iterations ?? least?.rmle.iterations,
    },
    cuts,
    defenses: settings.defenses,
    codecs: settings.codecs,
    // Whoever names cuts wants them all.
    ...(maxSsim !== undefined && { maxSsim, bisect: cuts === undefined }),
  };
}
