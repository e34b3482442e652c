/** The plans that devices run, and what an audit found that an observer of each gets. */
import type { PlanView } from '../../fleet/index.ts';
import { bytes, cutName, milliseconds, similarity } from '../../report/index.ts';
import { element, fill } from '../dom.ts';
import type { Known } from './known.ts';
import { short } from './words.ts';

export function plans() {
  const list = element('div', { class: 'plans' });
  let drawn = '';
  return {
    section: element(
      'section',
      { 'aria-labelledby': 'plans-title' },
      element('h2', { id: 'plans-title' }, 'Plans and their evidence'),
      element(
        'p',
        { class: 'note' },
        'What the strongest attack got back of the pictures, as SSIM from 0 to 1: the band is the interval, black its mean, dotted what the answer alone gives away, red what is allowed.',
      ),
      list,
    ),
    show({ plans: files, devices }: Known): void {
      const runs = new Map<string, number>([...files.keys()].map((id) => [id, 0]));
      for (const { planId } of devices.values()) if (planId !== null) runs.set(planId, (runs.get(planId) ?? 0) + 1);
      const key = JSON.stringify([[...runs], [...files.keys()]]);
      if (key === drawn) return;
      drawn = key;
      const order = [...runs].sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
      // Whoever may publish can make plans up.
      const [first, rest] = [order.slice(0, MOST), order.length - MOST];
      fill(
        list,
        ...first.map(([id, count]) => card(id, count, files.get(id))),
        rest > 0 ? element('p', { class: 'note' }, `and ${rest} more that devices say they run`) : undefined,
        order.length === 0 ? element('p', { class: 'note' }, 'No device has said which plan it runs.') : undefined,
      );
    },
  };
}

const MOST = 24;

function card(planId: string, count: number, plan: PlanView | undefined): HTMLElement {
  const who = count === 0 ? 'no device runs it' : count === 1 ? 'one device' : `${count} devices`;
  if (!plan) {
    return element(
      'article',
      { class: 'panel plan' },
      element('h3', {}, `Plan ${short(planId)}`),
      element('p', { class: 'note' }, `${who} · ${planId}`),
      element(
        'p',
        { class: 'leak' },
        'Unknown here: no file in plans of the configuration has this id, so that nothing is known of what leaks.',
      ),
    );
  }
  const { model, cut, codec, defense, evidence, predicted, signedBy, expires } = plan;
  const where = cut === 'input' || cut === 'output' ? cutName(cut) : `cut at ${cut}`;
  return element(
    'article',
    { class: 'panel plan' },
    element('h3', {}, `Plan ${short(planId)}: ${where}`),
    element('p', { class: 'note' }, `${who} · ${model} · ${codec} · ${defense === 'none' ? 'no defense' : defense}`),
    ...(evidence.length > 0
      ? evidence.map((e) => observer(e, plan.maxSsim))
      : [
          element(
            'p',
            {},
            cut === 'output' ? 'Nothing leaves the device.' : 'It has no evidence: everything was allowed.',
          ),
        ]),
    element(
      'p',
      { class: 'note' },
      `Predicted ${milliseconds(predicted.p50Ms)} ms${predicted.p95Ms === null ? '' : `, p95 ${milliseconds(predicted.p95Ms)} ms`}, ${bytes(predicted.wireBytes)} a picture. `,
      signedBy === null ? 'Signature not looked at.' : `Signed by ${signedBy}.`,
      expires === null ? '' : ` Ends ${expires.slice(0, 10)}.`,
    ),
  );
}

type Evidence = PlanView['evidence'][number];

function observer(e: Evidence, maxSsim: number): HTMLElement {
  const { ssim, floor, confirmation, reidentification, bitsCap } = e;
  const seen = e.observations === 1 ? '' : `, ${e.observations} looks at a scene`;
  const parts = [
    `Protocol ${e.protocol}; strongest of the attacks: ${e.strongest}, on ${e.images} pictures.`,
    confirmation
      ? `Confirmed on ${confirmation.images} that the search never saw, confidence ${(100 * confirmation.confidence).toFixed(1)} %.`
      : 'Not confirmed on pictures that the search never saw.',
    floor ? `The answer alone gives away ${similarity(floor.mean)}: nobody who answers in the cloud shows less.` : '',
    reidentification
      ? `Found again among ${reidentification.gallery}: ${(100 * reidentification.rank1).toFixed(0)} %.`
      : '',
    bitsCap === null ? '' : `At most ${bitsCap} bits a message.`,
  ];
  return element(
    'div',
    { class: 'observer' },
    element(
      'p',
      {},
      `${e.threat}${seen}: `,
      element('strong', { class: ssim.high <= maxSsim ? 'safe' : 'leak' }, `SSIM ${similarity(ssim.mean)}`),
      ` (${similarity(ssim.low)} … ${similarity(ssim.high)}), at most ${similarity(maxSsim)} allowed`,
    ),
    scaleOf(e, maxSsim),
    element('p', { class: 'note' }, parts.filter(Boolean).join(' ')),
  );
}

/** From 0 to 1: the interval as a band, its mean, the floor and what is allowed as marks. */
function scaleOf({ ssim, floor }: Evidence, maxSsim: number): HTMLElement {
  const at = (value: number) => `${(100 * Math.min(1, Math.max(0, value))).toFixed(1)}%`;
  const mark = (kind: string, value: number, to?: number) => {
    const made = element('span', { class: kind });
    made.style.left = at(value);
    if (to !== undefined) made.style.width = `calc(${at(to)} - ${at(value)})`;
    return made;
  };
  return element(
    'div',
    {
      class: 'leak-scale',
      role: 'img',
      'aria-label': `Leakage on a scale from 0 to 1: ${similarity(ssim.low)} to ${similarity(ssim.high)}${floor ? `, floor ${similarity(floor.mean)}` : ''}, allowed ${similarity(maxSsim)}`,
    },
    mark(ssim.high <= maxSsim ? 'band' : 'band over', ssim.low, ssim.high),
    mark('mean', ssim.mean),
    floor ? mark('floor', floor.mean) : undefined,
    mark('allowed', maxSsim),
  );
}
