/** One candidate looked at: what attackers got back there, what it takes, and why it is refused. */
import type { Candidate } from '../plan/index.ts';
import { bytes, cutName, milliseconds, type SeenPictures, similarity } from '../report/index.ts';
import { termsText } from './bars.ts';
import { element, fill } from './dom.ts';

export function details(pictures: SeenPictures | undefined) {
  const box = element('div', { class: 'panel details', role: 'region', 'aria-label': 'The cut that is pointed at' });
  return {
    box,
    show(c: Candidate) {
      fill(
        box,
        element('h4', {}, c.cut === 'input' || c.cut === 'output' ? capital(cutName(c.cut)) : `Cut ${c.cut}`),
        element('p', { class: 'note' }, `${c.defense === 'none' ? 'No defense' : c.defense}, codec ${c.codec}`),
        ...(pictures ? seen(c, pictures) : []),
        element('p', {}, `${milliseconds(c.latencyMs.total)} ms: ${termsText(c)}. ${sends(c)}`),
        element('p', {}, leaks(c)),
        c.feasible
          ? undefined
          : element('ul', { class: 'reasons' }, ...c.reasons.map((reason) => element('li', {}, reason))),
      );
    },
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const sends = ({ cut, wireBytes }: Candidate): string =>
  cut === 'output' ? 'Nothing is sent.' : `${bytes(wireBytes)} are sent.`;

function leaks({ cut, leakage }: Candidate): string {
  if (cut === 'output') return 'Nothing leaves the device.';
  if (!leakage) return 'What leaks there was not measured.';
  const { ssim, attack, images } = leakage;
  if (attack === 'reading') return `The cloud sees the picture itself, SSIM ${similarity(ssim.high)}.`;
  return `Strongest attack ${attack}: SSIM ${similarity(ssim.mean)}, up to ${similarity(ssim.high)}, on ${images} pictures.`;
}

/** Of this very defense, or else of the cut undefended, which shows no less. */
function seen({ cut, defense }: Candidate, { truth, rows }: SeenPictures): HTMLElement[] {
  if (cut === 'output') return [];
  const own = rows.find((r) => r.cut === cut && r.defense === defense);
  const row = own ?? rows.find((r) => r.cut === cut && r.defense === 'none');
  const camera = strip(truth, 'What the camera saw');
  if (cut === 'input') return [camera];
  if (!row) return [element('p', { class: 'note' }, 'The report has no reconstructions of this cut.')];
  const without = own ? '' : ' without the defense';
  const said = `What ${row.attack} got back${without}, SSIM ${similarity(row.ssim)} on average`;
  return [camera, strip(row.png, said)];
}

function strip(png: string, said: string): HTMLElement {
  const image = element('img', { src: `data:image/png;base64,${png}`, alt: said });
  return element('figure', { class: 'strip' }, image, element('figcaption', {}, said));
}
