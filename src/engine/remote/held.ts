/** Feeds that stay with a session of the worker, by number. */
import type { Tensors } from '../../model/tensor.ts';
import type { RuntimeSession } from './serve.ts';

interface Feeds<T> {
  /** Entered for one run. */
  readonly own: Record<string, T>;
  /** With what is held. */
  readonly all: Record<string, T>;
}

export class HeldFeeds<T> {
  readonly #held = new Map<
    number,
    { readonly session: number; readonly own: readonly T[]; readonly all: Record<string, T> }
  >();
  #count = 0;

  /** Enters the feeds of a run. */
  enter(session: RuntimeSession<T>, feeds: Tensors, held: number | undefined): Feeds<T> {
    const own = session.enter(feeds);
    return { own, all: { ...this.#find(held), ...own } };
  }

  hold(session: RuntimeSession<T>, id: number, feeds: Tensors, held: number | undefined): number {
    const { own, all } = this.enter(session, feeds, held);
    this.#held.set(++this.#count, { session: id, own: Object.values(own), all });
    return this.#count;
  }

  letGo(session: RuntimeSession<T>, held: number): void {
    session.free(this.#held.get(held)?.own ?? []);
    this.#held.delete(held);
  }

  /** Lets go of all that a session holds. */
  letGoAll(session: RuntimeSession<T>, id: number): void {
    for (const [held, { session: owner }] of this.#held) if (owner === id) this.letGo(session, held);
  }

  #find(held: number | undefined): Record<string, T> {
    if (held === undefined) return {};
    const found = this.#held.get(held);
    if (!found) throw new Error('what the session held has been let go');
    return found.all;
  }
}
