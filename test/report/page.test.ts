import { describe, expect, it } from 'vitest';
import { htmlReport, type ReportData } from '../../src/report/index.ts';
import { example } from './example.ts';

const hostile = `</title></script><script>alert(1)</script><img src=x onerror=alert(1)>" onload="x' & \u202Etxt`;

/** Every string of a report replaced by the hostile one, except those that are numbers of the format itself. */
function poisoned<T>(value: T): T {
  if (typeof value === 'string') return hostile as T;
  if (Array.isArray(value)) return value.map(poisoned) as T;
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k.includes(' ') ? hostile : k, poisoned(v)])) as T;
}

/** Tags of the document with their attributes. */
const tags = (page: string) => page.replace(/<style>.*?<\/style>/gs, '').match(/<[a-z][^>]*>/g) ?? [];

describe('the report', () => {
  const page = htmlReport({ ...example, sheet: Uint8Array.of(1, 2, 3) });

  it('says what was chosen, how much leaks, and how fast it is', () => {
    expect(page).toContain('Cut at pool2, with the defense gauss(sd=0.5)');
    expect(page).toContain('95 % interval 0.24 … 0.28, 30 pictures');
    expect(page).toMatch(/p50 5\.\d+ ms/);
    expect(page).toContain('89.5 % unsplit');
    expect(page).toContain('src="data:image/png;base64,AQID"');
  });

  it('gives every reason for every refusal', () => {
    const reasons = new Set(example.plan.candidates.flatMap((c) => c.reasons));
    expect(reasons.size).toBeGreaterThan(10);
    for (const reason of reasons) expect(page).toContain(reason);
  });

  it('draws the threshold and names the cuts', () => {
    expect(page).toContain('asked for: at most 0.3');
    for (const cut of ['all cloud', 'pool1', 'pool2 + gauss(sd=0.5)', 'all device'])
      expect(page).toContain(`>${cut}</text>`);
    expect(page).not.toMatch(/#0[1-6]0[1-6]0[1-6]/);
  });

  it('asks nobody for anything', () => {
    expect(page).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none'`);
    expect(page.replaceAll(/xmlns(:\w+)?="http:\/\/www\.w3\.org\/[\w/]+"/g, '')).not.toMatch(
      /https?:|\/\/[a-z]|url\(|@import|<link|<script/,
    );
  });

  it('shows hostile names as text', () => {
    const made = htmlReport(
      poisoned({ ...example, plan: { ...example.plan, thresholds: { ...example.plan.thresholds } } }),
    );
    expect(made).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(made).not.toMatch(/<script/i);
    expect(made).not.toContain('\u202e');
    for (const tag of tags(made)) expect(tag).not.toMatch(/\son\w+\s*=\s*[^&]/i);
    expect(tags(made).filter((t) => t.startsWith('<img'))).toEqual([]);
  });

  it('tells of attacks that failed, also where there were no others', () => {
    const failed = [{ cut: 'act', defense: 'none', threat: 'white-box', attack: 'rmle', message: 'It took no step.' }];
    for (const attacks of [example.attacks, []]) {
      const made = htmlReport({ ...example, attacks, failed });
      expect(made).toContain('Attacks that failed');
      expect(made).toContain('It took no step.');
    }
    expect(page).not.toContain('Attacks that failed');
  });

  it('has a page for a plan that found nothing', () => {
    const data: ReportData = {
      ...example,
      run: undefined,
      attacks: [],
      plan: {
        ...example.plan,
        chosen: undefined,
        candidates: example.plan.candidates.map((c) => ({
          ...c,
          feasible: false,
          leakage: null,
          reasons: ['Too slow.'],
        })),
        relaxation: 'Allow 12 ms.',
      },
    };
    const made = htmlReport(data);
    expect(made).toContain('No cut meets what was asked');
    expect(made).toContain('Allow 12 ms.');
    expect(made).not.toContain('The run');
    expect(made).not.toMatch(/NaN|undefined/);
  });

  it('warns when the measured leakage is over the threshold', () => {
    const leaky = example.plan.candidates.find((c) => c.cut === 'conv1' && !c.feasible)!;
    expect(htmlReport({ ...example, plan: { ...example.plan, chosen: leaky } })).toMatch(
      /<strong class="leak">SSIM 1\.00/,
    );
  });

  it('survives one picture and equal latencies', () => {
    const made = htmlReport({ ...example, run: { images: 1, latencyMs: [5], agreement: 1 } });
    expect(made).not.toMatch(/NaN|undefined|Infinity/);
    expect(made).toContain('Same answer as unsplit');
  });

  it('shows further metrics where there are any, and what is known without an attack, as a bound', () => {
    expect(page).not.toContain('Same label');
    expect(page).not.toContain('Without any attack');
    const band = { mean: 0.5, low: 0.4, high: 0.6 };
    const rich = {
      ...example.attacks[0]!,
      gain: { psnr: band, ssim: band },
      ssimPaper: band,
      msssim: { ...band, scales: 2 },
      mse: band,
      featureCosine: { ...band, baseline: 0.3 },
      labelAgreement: { share: 0.75, baseline: 0.1 },
      featureReidentification: { rank1: 0.25, gallery: 1000 },
    };
    const exposure = [
      { cut: 'conv1', defense: 'none', distanceCorrelation: { value: 0.97, n: 500 } },
      { cut: 'conv1', defense: 'input.gauss(sd=1)', dfil: { value: 4, mseBound: 0.25 } },
    ];
    const capped = [...exposure, { cut: 'code', defense: 'none', bitsCap: 256 }];
    const told = htmlReport({ ...example, exposure: capped });
    expect(told).toContain('<th class="number">Bits at most</th>');
    expect(told).toMatch(/code.*256/s);
    const chosen = { ...example.plan.chosen!, cut: 'code', codec: 'code', bitsCap: 256 };
    const plan = {
      ...example.plan,
      chosen,
      candidates: [chosen],
      thresholds: { ...example.plan.thresholds, maxBits: 300 },
    };
    const verdict = htmlReport({ ...example, plan });
    expect(verdict).toContain('256 <small>bits</small>');
    expect(verdict).toContain('at most 300 asked for');
    expect(verdict).toContain('<span class="sub">256 bits at most</span>');
    const made = htmlReport({ ...example, attacks: [rich, ...example.attacks], exposure });
    expect(made).not.toContain('Bits at most');
    expect(made).toContain('75.0 %<span class="sub">guess 10.0 %</span>');
    expect(made).toContain('Told apart by features');
    expect(made).toContain('0.97<span class="sub">500 pictures</span>');
    expect(made).toContain('MSE bound, unbiased');
    expect(made).toContain('it predicts none');
    expect(made).not.toMatch(/NaN|undefined|Infinity/);
  });
});
