/** What an audit's work comes to: reckoned before anything is measured, and in seconds here once a probe has said how fast. */
import type { Dataset } from '../../data/index.ts';
import type { Cut } from '../../model/index.ts';
import type { AttackName } from './attack-list.ts';
import type { AttackSettings } from './attack-settings.ts';
import type { AuditOptions } from './audit.ts';
import { type Draft, settingsFor } from './draft.ts';
import { workOf } from './mounting.ts';
import type { Range, Speed } from './speed.ts';
import type { Subject } from './subject.ts';
import type { Work, WorkFacts } from './work.ts';

/** Seconds here that a reckoned second of scoring takes. */
const scoringHere: Range = { low: 0.5, high: 2.5 };

export const middle = ({ low, high }: Range): number => (low + high) / 2;

/** Of all drafts of one audit. */
export class Reckoning {
  readonly #subject: Subject;
  readonly #data: Dataset;
  readonly #options: AuditOptions;
  readonly #settings = new Map<number, AttackSettings>();
  /** The draft whose attacks are probed. */
  probed: Draft | undefined;

  constructor(subject: Subject, data: Dataset, options: AuditOptions) {
    this.#subject = subject;
    this.#data = data;
    this.#options = options;
  }

  /** One object for each effort, since attacks that share what they have learnt go by it. */
  settings({ effort }: Draft): AttackSettings {
    const known =
      this.#settings.get(effort) ?? settingsFor(this.#options, effort, this.#facts(this.#subject.cuts.at(-1)!, 0));
    this.#settings.set(effort, known);
    return known;
  }

  work(draft: Draft, attack: AttackName, cut: Cut): Work {
    return workOf(attack, this.#facts(cut, draft.images), this.settings(draft));
  }

  /** Reckoned, on one core. */
  seconds(draft: Draft): number {
    return this.#sum(draft, (_attack, _cut, _defense, work) => work, 1);
  }

  /** Here, on all lanes. */
  range(draft: Draft, speed: Speed, lanes: number): Range {
    const beside = Math.max(1, Math.min(lanes, draft.cuts.length * this.#options.defenses.length));
    const end = (which: 'low' | 'high') =>
      this.#sum(
        draft,
        (attack, cut, defense, work) => this.#here(draft, speed, attack, cut, defense, work)[which],
        scoringHere[which],
      ) / beside;
    return { low: end('low'), high: end('high') };
  }

  /** Of one attack on one candidate, here. */
  expected(draft: Draft, speed: Speed, attack: AttackName, cut: Cut): number {
    const { each } = this.work(draft, attack, cut);
    return middle(this.#here(draft, speed, attack, cut, this.#options.defenses[0]!, each)) + this.#scoring(draft, cut);
  }

  #here(draft: Draft, speed: Speed, attack: AttackName, cut: Cut, defense: string, work: number): Range {
    // What the probe has ended was of the draft that it was of.
    const done = draft === this.probed && speed.finished(attack, cut.id, defense);
    return done ? { low: 0, high: 0 } : speed.of(attack, cut, work);
  }

  #sum(
    draft: Draft,
    here: (attack: AttackName, cut: Cut, defense: string, work: number) => number,
    scoring: number,
  ): number {
    const { defenses } = this.#options;
    let sum = 0;
    for (const attack of draft.attacks) {
      for (const cut of draft.cuts) {
        const { each, once } = this.work(draft, attack, cut);
        // The first has what is done once to do besides.
        const own = each + (cut === draft.cuts[0] ? once / defenses.length : 0);
        for (const defense of defenses) sum += here(attack, cut, defense, own) + scoring * this.#scoring(draft, cut);
      }
    }
    return sum;
  }

  /** Metrics of all victims, and a share of what is measured without any attack. */
  #scoring({ images, attacks }: Draft, cut: Cut): number {
    const { channels, height, width } = this.#subject.preprocessing;
    const exposure = Math.min(5e11, Math.min(500, this.#data.test.count) * cut.headMacs) / 8e9;
    return 1e-6 * images * channels * height * width + exposure / attacks.length;
  }

  #facts(cut: Cut, victims: number): WorkFacts {
    const pictures = Math.max(16, this.#data.train.count);
    return { cut, preprocessing: this.#subject.preprocessing, victims, pictures };
  }
}
