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
import { watchingOf } from './watching.ts';
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

  /** Of one observer on one codec. */
  work(draft: Draft, attack: AttackName, cut: Cut, defense: string): Work {
    const { looks } = watchingOf(defense);
    return workOf(attack, { ...this.#facts(cut, this.#victims(draft)), looks }, this.settings(draft));
  }

  /** Reckoned, on one core. */
  seconds(draft: Draft): number {
    return this.#sum(draft, (_attack, _cut, _defense, work) => work, 1);
  }

  /** Here, on all lanes. */
  range(draft: Draft, speed: Speed, lanes: number): Range {
    const { defenses, codecs = ['float32'] } = this.#options;
    const beside = Math.max(1, Math.min(lanes, draft.cuts.length * defenses.length * codecs.length));
    const end = (which: 'low' | 'high') =>
      this.#sum(
        draft,
        (attack, cut, defense, work, isFirst) => this.#here(draft, speed, attack, cut, defense, work, isFirst)[which],
        scoringHere[which],
      ) / beside;
    return { low: end('low'), high: end('high') };
  }

  /** Of one attack by all observers on one candidate, here. */
  expected(draft: Draft, speed: Speed, attack: AttackName, cut: Cut, defense: string): number {
    const { each } = this.work(draft, attack, cut, defense);
    const { times } = watchingOf(defense, { observations: this.#options.observations });
    const here = (isFirst: boolean) => middle(this.#here(draft, speed, attack, cut, defense, each, isFirst));
    return here(true) + (times - 1) * here(false) + times * this.#scoring(draft, cut);
  }

  #here(
    draft: Draft,
    speed: Speed,
    attack: AttackName,
    cut: Cut,
    defense: string,
    work: number,
    isFirst: boolean,
  ): Range {
    // What the probe has ended was of the draft that it was of, and of the first observer.
    const done = isFirst && draft === this.probed && speed.finished(attack, cut.id, defense);
    return done ? { low: 0, high: 0 } : speed.of(attack, cut, work);
  }

  #sum(
    draft: Draft,
    here: (attack: AttackName, cut: Cut, defense: string, work: number, isFirst: boolean) => number,
    scoring: number,
  ): number {
    const { defenses } = this.#options;
    let sum = 0;
    for (const attack of draft.attacks) {
      for (const cut of draft.cuts) {
        for (const defense of defenses) {
          const { each, once } = this.work(draft, attack, cut, defense);
          const { times } = watchingOf(defense, this.#options);
          const again = (times - 1) * here(attack, cut, defense, each, false);
          // The first has what is done once to do besides.
          const first = here(attack, cut, defense, each + (cut === draft.cuts[0] ? once / defenses.length : 0), true);
          sum += first + again + times * scoring * this.#scoring(draft, cut);
        }
      }
    }
    return sum;
  }

  /** Metrics of all victims, and a share of what is measured without any attack. */
  #scoring(draft: Draft, cut: Cut): number {
    const { attacks } = draft;
    const { channels, height, width } = this.#subject.preprocessing;
    const exposure = Math.min(5e11, Math.min(500, this.#data.test.count) * cut.headMacs) / 8e9;
    return 1e-6 * this.#victims(draft) * channels * height * width + exposure / attacks.length;
  }

  /** Those that are held back are attacked with the others. */
  #victims({ images }: Draft): number {
    return images + (this.#options.heldBack ?? 0);
  }

  #facts(cut: Cut, victims: number): WorkFacts {
    const pictures = Math.max(16, this.#data.train.count);
    return { cut, preprocessing: this.#subject.preprocessing, victims, pictures };
  }
}
