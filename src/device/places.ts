/**
 * How many pictures may be under way: so many on each route, so that what waits on one that has gone silent takes nothing from the
 * others.
 */
import type { Route } from './route.ts';
import type { Routing } from './routing.ts';

export class Places {
  readonly #routing: Pick<Routing, 'current'>;
  readonly #most: number;
  readonly #underWay = new Map<Route, number>();
  #waiting: (() => void)[] = [];

  /** @param most pictures under way on a route at once */
  constructor(routing: Pick<Routing, 'current' | 'onMove'>, most: number) {
    this.#routing = routing;
    this.#most = most;
    routing.onMove(() => this.#wake());
  }

  /** Resolves with the current route while it has a place. */
  async free(): Promise<Route> {
    for (;;) {
      const { current } = this.#routing;
      if (this.#on(current) < this.#most) return current;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Takes a place on what is the current route when there is one. */
  async take(): Promise<Route> {
    const route = await this.free();
    this.#underWay.set(route, this.#on(route) + 1);
    return route;
  }

  leave(route: Route): void {
    this.#underWay.set(route, this.#on(route) - 1);
    this.#wake();
  }

  #on(route: Route): number {
    return this.#underWay.get(route) ?? 0;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
