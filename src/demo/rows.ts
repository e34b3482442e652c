/** The contact sheet of the demonstration: what attackers see, row by row. */
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { Auditor, type AuditorOptions, type Cell, type Subject } from '../privacy/audit/index.ts';
import type { SheetRow } from '../report/index.ts';

interface Chosen {
  readonly cut: string;
  readonly defense: string;
}

/** Shown beside a code; as large as the activation, it costs many answers and hides less. */
const noise = 'gauss(sd=1x)';

/** The result that leaks most, by which a cell is shown. */
const strongestOf = (results: Cell['results']) =>
  results.length > 0 ? results.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a)) : undefined;

function rowOf({ results, pictures }: Cell, maxSsim: number, label?: string): SheetRow[] {
  const r = strongestOf(results);
  if (!r || !pictures) return [];
  const scores = `SSIM ${r.ssim.mean.toFixed(3)}  PSNR ${r.psnr.mean.toFixed(1)} dB`;
  const right = r.accuracy === null ? '' : `, ${(100 * r.accuracy).toFixed(0)} % right`;
  const details = [r.attack, r.defense + right, scores];
  return [{ label: label ?? r.cut, details, images: pictures, leaks: r.ssim.high > maxSsim }];
}

/** Noise is shown where it was chosen; every cut is shown without it. */
export const everyCut = (all: readonly Cell[], chosen: Chosen, maxSsim: number): SheetRow[] =>
  all.flatMap((cell) => {
    const r = strongestOf(cell.results);
    const isShown = r && (r.defense === 'none' || (r.cut === chosen.cut && r.defense === chosen.defense));
    return isShown ? rowOf(cell, maxSsim) : [];
  });

/** The floor, the cut that the code was put in at bare and noisy, and the code. */
export function sideBySide(
  about: { readonly floor: Cell; readonly noisy: Cell; readonly cut: string },
  all: readonly Cell[],
  maxSsim: number,
): SheetRow[] {
  const at = (cut: string) => all.filter((c) => c.results[0]?.cut === cut && c.results[0].defense === 'none');
  return [
    ...rowOf(about.floor, maxSsim, 'The answer alone'),
    ...at(about.cut).flatMap((cell) => rowOf(cell, maxSsim, `${about.cut}, bare`)),
    ...rowOf(about.noisy, maxSsim, `${about.cut}, noisy`),
    ...at('code').flatMap((cell) => rowOf(cell, maxSsim, 'The code')),
  ];
}

/** What the outputs alone give away: the least that any route shows which answers in the cloud. */
export async function answerAlone(
  engine: Engine,
  subject: Subject,
  data: Dataset,
  options: AuditorOptions,
  truth: Auditor['truth'],
): Promise<Cell> {
  const auditor = new Auditor(engine, subject, data, { ...options, attacks: ['answer'] }, truth);
  return auditor.audit(subject.ids.at(-1)!, 'none');
}

/** The cut with noise instead of a code, attacked now where it was not before. */
export async function noisyAt(cut: string, auditor: Auditor, all: readonly Cell[], signal: AbortSignal): Promise<Cell> {
  const spec = await auditor.resolved(cut, noise, signal);
  const known = all.find(({ results: [r] }) => r?.cut === cut && r.defense === spec);
  return known ?? auditor.audit(cut, spec, signal);
}
