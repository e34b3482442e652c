/**
 * What a device has said of one scene, in ρ of zero-concentrated differential privacy, and what it may still say. A ledger is
 * a file that survives the process: what is spent is on the disk before anything is sent, some sends ahead at a time, so that
 * a crash can only lose privacy budget, never privacy.
 */
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { ifThere } from '../if-there.ts';
import { readDocument } from '../validate.ts';

export interface Budget {
  /** What all sends of one window together may tell, as (ε, δ) in ρ: see `rhoOfBudget`. > 0 */
  readonly rho: number;
  /** Sends within so many milliseconds are taken to show one scene. */
  readonly windowMs: number;
}

export interface LedgerOptions {
  readonly path: string;
  /** What spends: a ledger belongs to one mechanism of one plan. */
  readonly plan: string;
  readonly budget: Budget;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const format = 'cutline.ledger/1';
const schema = z.strictObject({
  format: z.literal(format),
  plan: z.string(),
  /** When the window began, by the device's clock. */
  windowStartMs: z.number().nonnegative(),
  /** Of this window, with what was reserved and may not have been sent. */
  spentRho: z.number().nonnegative(),
});
type State = z.infer<typeof schema>;

const mostBytes = 4096;
/** Of the budget is put aside at a time: a crash costs no more of it, and the disk is asked no oftener. */
const reserveShare = 1 / 50;

export class Ledger {
  readonly #options: LedgerOptions;
  #state: State;
  /** Of what the file counts as spent, what has not been sent. */
  #reserved = 0;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: LedgerOptions, state: State) {
    this.#options = options;
    this.#state = state;
  }

  /** @throws CutlineError LEDGER_INVALID, LEDGER_OTHER_PLAN, FILE_UNREADABLE, OUTPUT_NOT_WRITABLE */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { path, plan, now } = options;
    const known = await Ledger.look(path, plan);
    const ledger = new Ledger(options, known ?? { format, plan, windowStartMs: now(), spentRho: 0 });
    await ledger.#write(ledger.#state);
    return ledger;
  }

  /** What the file says, where there is one. @throws CutlineError LEDGER_INVALID, LEDGER_OTHER_PLAN, FILE_UNREADABLE */
  static async look(path: string, plan: string): Promise<State | undefined> {
    const known = await read(path);
    if (known && known.plan !== plan)
      throw new CutlineError('LEDGER_OTHER_PLAN', { path, found: known.plan, wanted: plan });
    return known;
  }

  /** Of this window, what was sent. */
  get spentRho(): number {
    return this.#state.spentRho - this.#reserved;
  }

  /**
   * Takes the price of one send. When it resolves, the disk knows.
   * @throws CutlineError BUDGET_SPENT when the window has no room for it; OUTPUT_NOT_WRITABLE, and then nothing may be sent
   */
  spend(rho: number): Promise<void> {
    const turn = this.#turn.then(() => this.#spend(rho));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #spend(rho: number): Promise<void> {
    const { budget, path, now } = this.#options;
    // A clock that went back opens no window: the one on the disk began later than now.
    if (now() - this.#state.windowStartMs >= budget.windowMs) {
      await this.#write({ ...this.#state, windowStartMs: now(), spentRho: 0 });
      this.#reserved = 0;
    }
    if (this.#reserved < rho) {
      const sent = this.#state.spentRho - this.#reserved;
      // Sums of many small prices are off by their last digits: never beyond the budget by more than that.
      if (sent + rho > budget.rho * (1 + 1e-9)) {
        const freeAt = new Date(this.#state.windowStartMs + budget.windowMs).toISOString();
        throw new CutlineError('BUDGET_SPENT', { path, freeAt });
      }
      const spentRho = sent + Math.max(rho, Math.min(budget.rho - sent, budget.rho * reserveShare));
      await this.#write({ ...this.#state, spentRho });
      this.#reserved = spentRho - sent;
    }
    this.#reserved = Math.max(0, this.#reserved - rho);
  }

  async #write(state: State): Promise<void> {
    await writeAtomically(this.#options.path, `${JSON.stringify(state)}\n`);
    this.#state = state;
  }
}

function read(path: string): Promise<State | undefined> {
  return ifThere(readDocument(path, schema, { code: 'LEDGER_INVALID', maxBytes: mostBytes }));
}
