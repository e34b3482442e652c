/**
 * The best route: a shortest path over (tier, cut, hops so far), where costs add. Where bounds are asked for, a place keeps every
 * label that no other beats in all that is bounded and in the objective (Martins 1984), so the answer stays exact. Pure.
 */
import {
  type Dimension,
  type FoundRoute,
  nothing,
  plus,
  type RouteCost,
  type RouteProblem,
  type Step,
} from './route.ts';

interface Label {
  readonly tier: number;
  readonly cut: number;
  readonly hops: number;
  readonly cost: RouteCost;
  readonly value: number;
  readonly step: Step | undefined;
  readonly before: Label | undefined;
}

/** Undefined where no route keeps the bounds. */
export function bestRoute(problem: RouteProblem): FoundRoute | undefined {
  const { tiers, cuts, source, goal, mostHops, objective } = problem;
  const bounded = Object.keys(problem.bounds) as Dimension[];
  const isWithin = (cost: RouteCost) => bounded.every((d) => cost[d] <= problem.bounds[d]!);
  const settled: Label[][] = Array.from({ length: tiers * cuts }, () => []);
  const open = new Heap();
  const reach = (before: Label, tier: number, cut: number, hops: number, cost: RouteCost, step: Step) => {
    const total = plus(before.cost, cost);
    if (!isWithin(total)) return;
    const label = { tier, cut, hops, cost: total, value: objective(total), step, before };
    if (!isBeaten(label, settled[tier * cuts + cut]!, bounded)) open.push(label);
  };
  open.push({ tier: source, cut: 0, hops: 0, cost: nothing, value: 0, step: undefined, before: undefined });
  for (let label = open.pop(); label; label = open.pop()) {
    const { tier, cut, hops } = label;
    const here = settled[tier * cuts + cut]!;
    if (isBeaten(label, here, bounded)) continue;
    here.push(label);
    if (tier === goal && cut === cuts - 1) return { steps: stepsOf(label), cost: label.cost };
    // Two stages in a row on one tier are one.
    if (label.step?.kind !== 'stage') {
      for (let to = cut + 1; to < cuts; to++) {
        if (!problem.follows(cut, to)) continue;
        reach(label, tier, to, hops, problem.stage({ tier, from: cut, to }), { kind: 'stage', tier, from: cut, to });
      }
    }
    if (hops === mostHops) continue;
    for (let to = 0; to < tiers; to++) {
      if (to === tier) continue;
      for (const { step, cost } of problem.hops(cut, tier, to)) reach(label, to, cut, hops + 1, cost, step);
    }
  }
  return undefined;
}

/** By one that got here with no more hops, at no higher value and no more of what is bounded, and may go on as it may. */
function isBeaten(label: Label, others: readonly Label[], bounded: readonly Dimension[]): boolean {
  const canCompute = label.step?.kind !== 'stage';
  return others.some(
    (o) =>
      o.hops <= label.hops &&
      o.value <= label.value &&
      (!canCompute || o.step?.kind !== 'stage') &&
      bounded.every((d) => o.cost[d] <= label.cost[d]),
  );
}

function stepsOf(last: Label): Step[] {
  const steps: Step[] = [];
  for (let label: Label | undefined = last; label?.step; label = label.before) steps.unshift(label.step);
  return steps;
}

/** Least value first; of equals the one with fewer hops, then the earlier. */
class Heap {
  readonly #labels: { readonly label: Label; readonly order: number }[] = [];
  #count = 0;

  push(label: Label): void {
    const heap = this.#labels;
    heap.push({ label, order: this.#count++ });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#isLess(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  pop(): Label | undefined {
    const heap = this.#labels;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top?.label;
    heap[0] = last;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < heap.length && this.#isLess(left, least)) least = left;
      if (right < heap.length && this.#isLess(right, least)) least = right;
      if (least === i) break;
      this.#swap(i, least);
      i = least;
    }
    return top.label;
  }

  #isLess(i: number, j: number): boolean {
    const [a, b] = [this.#labels[i]!, this.#labels[j]!];
    return (a.label.value - b.label.value || a.label.hops - b.label.hops || a.order - b.order) < 0;
  }

  #swap(i: number, j: number): void {
    const heap = this.#labels;
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  }
}
