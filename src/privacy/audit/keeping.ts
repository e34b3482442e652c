/** By what the outcome of an attack is kept and found again. */
import type { Preprocessing } from '../../data/index.ts';
import type { CodecName } from '../../plan/index.ts';
import type { Mechanism } from '../mechanisms/index.ts';
import type { Keep } from './attack-settings.ts';
import type { AuditorOptions } from './auditor.ts';
import { type AttackCache, cacheKey, kept } from './cache.ts';
import { judged } from './judged.ts';
import { defaultMemoryBytes } from './memory.ts';

/** What an outcome hangs on beside the options of the audit. */
interface Setting {
  /** Digest. */
  readonly data: string;
  /** By name. */
  readonly engine: string;
  readonly preprocessing: Preprocessing;
  /** Of answers to the bare network, which are the same at every cut. */
  readonly answers: AttackCache;
}

interface Watched {
  readonly mechanism: Mechanism;
  readonly codec: CodecName;
  readonly observations: number;
}

/** An attack's outcome hangs on all this; what it is scored with may change. */
export function keeping(options: AuditorOptions, { answers, ...setting }: Setting) {
  const { cache, finished, seed, images, heldBack, gallery } = options;
  const { adaptive = true, memoryBytes = defaultMemoryBytes } = options;
  return (cut: string, { mechanism, codec, observations }: Watched): Keep =>
    (attack, about) => {
      const sound = judged(attack, cut);
      // A decoder from a file has no digest here.
      if ('trained' in about && about.trained) return sound;
      const everywhere = attack.threat === 'answer-only' && mechanism.stages.length === 0 && codec === 'float32';
      const device = { cut: everywhere ? 'output' : cut, defense: mechanism.spec, codec, observations, adaptive };
      const draws = { seed, images, heldBack, gallery, memoryBytes };
      const key = cacheKey({ ...cache?.about, ...setting, ...device, ...draws, attack: attack.name, options: about });
      const stores = [cache?.store, finished, everywhere ? answers : undefined];
      return stores.reduce((inner, store) => (store ? kept(inner, store, key) : inner), sound);
    };
}
