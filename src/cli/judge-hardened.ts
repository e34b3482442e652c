/** What leaks of a hardened network, by attackers that its training never met; and, for comparison, of the bare cut. */
import type { Dataset } from '../data/index.ts';
import { createComputingEngine } from '../engine/index.ts';
import { writeAtomically } from '../files.ts';
import { type Protocol, readProtocol } from '../plan/index.ts';
import { type AuditOptions, byProtocol, lanesFor, runAudit, Subject } from '../privacy/audit/index.ts';
import { decisiveFailure } from '../threats.ts';
import type { Rate } from '../training/harden/index.ts';
import type { Progress } from './progress.ts';
import type { HardenSettings, Trained } from './run-harden.ts';

export interface Leakage {
  readonly attack: string;
  readonly ssim: { readonly mean: number; readonly low: number; readonly high: number; readonly worstDecile: number };
  readonly psnr: { readonly mean: number };
  readonly rank1: number;
  readonly images: number;
  readonly observations: number;
  readonly protocol: string;
}

export interface Judged {
  readonly path: string;
  /** Of the same cut without a code, by what a screening does: at least so much. */
  readonly before: Leakage | null;
  /** By bits of a rate. */
  readonly rates: ReadonlyMap<number, Leakage | null>;
}

interface About {
  readonly before: Subject;
  readonly beforeSha256: string;
  readonly trained: Trained;
  /** Those of its rates that leave enough of the answers. */
  readonly rates: readonly Rate[];
  readonly data: Dataset;
  readonly protocol: Protocol;
  /** Where the evidence goes. */
  readonly path: string;
  readonly settings: HardenSettings;
  readonly signal: AbortSignal;
  readonly bar: Progress;
}

export async function judged(about: About): Promise<Judged> {
  const { before, beforeSha256, trained, rates, data, protocol, settings, signal, bar } = about;
  const { hardened, graph, sha256, preprocessing } = trained;
  const plan = lanesFor(rates.length, { threads: settings.threads });
  const engines = await Promise.all(
    Array.from({ length: plan.lanes }, () => createComputingEngine({ threads: plan.threads })),
  );
  const attack = async (
    subject: Subject,
    by: Protocol,
    own: Pick<AuditOptions, 'cuts' | 'defenses' | 'codecs' | 'modelSha256'>,
  ) => {
    const { least, ...rest } = byProtocol(by, 'white-box', data, own.cuts?.includes('code') ? hardened.pictures : 0);
    const { audit } = await runAudit(engines, subject, data, {
      ...rest,
      ...least,
      rmle: { ...least.rmle, solver: 'lbfgs' },
      seed: settings.seed,
      signal,
      ...own,
      onProgress: ({ done, cut, defense, attack: name }) =>
        bar.update(done, [cut, defense, name].filter(Boolean).join(' ')),
      onCell: ({ results, failed }) => {
        for (const r of results) bar.log(`${r.cut} ${r.defense} ${r.attack}: SSIM ${r.ssim.mean.toFixed(3)}`);
        for (const { attack: name, message } of failed) bar.log(`${name} failed: ${message}`);
      },
    });
    return audit;
  };
  try {
    bar.phase('attacking the bare cut');
    bar.begin();
    const bare = await attack(before, await readProtocol('screen'), {
      cuts: [settings.at],
      defenses: ['none'],
      modelSha256: beforeSha256,
    });
    bar.phase('attacking the code');
    bar.begin();
    const defenseOf = ({ channels }: Rate) =>
      channels === hardened.code.channels ? 'none' : `prefix(channels=${channels})`;
    const audit = await attack(await Subject.open(engines[0]!, graph, preprocessing), protocol, {
      cuts: ['code'],
      defenses: rates.map(defenseOf),
      codecs: ['code'],
      modelSha256: sha256,
    });
    await writeAtomically(about.path, `${JSON.stringify(audit, null, 2)}\n`);
    return {
      path: about.path,
      before: worst(bare, 'none', 'screen'),
      rates: new Map(
        rates.map((rate) => {
          const defense = defenseOf(rate);
          return [rate.bits, judgedAll(audit, defense) ? worst(audit, defense, protocol.name) : null];
        }),
      ),
    };
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

/** Where an attack failed that could have been the strongest, no figure of the others stands for it. */
const judgedAll = ({ failed }: Awaited<ReturnType<typeof runAudit>>['audit'], defense: string): boolean =>
  !decisiveFailure({ cut: 'code', defense, threat: 'white-box' }, failed);

/** What the strongest attack of any observer found. */
function worst(
  audit: Awaited<ReturnType<typeof runAudit>>['audit'],
  defense: string,
  protocol: string,
): Leakage | null {
  const own = audit.results.filter((r) => r.defense === defense);
  if (own.length === 0) return null;
  const { attack, ssim, psnr, images, observations } = own.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a));
  const { mean, low, high, worstDecile } = ssim;
  return {
    attack,
    ssim: { mean, low, high, worstDecile },
    psnr: { mean: psnr.mean },
    rank1: Math.max(...own.map((r) => r.reidentification.rank1)),
    images,
    observations,
    protocol,
  };
}
