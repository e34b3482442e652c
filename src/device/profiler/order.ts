/** 0 … n−1 so that every prefix is spread evenly, ends first: when time runs out, what is known covers the whole range. */
export function spreadOrder(n: number): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const take = (i: number) => {
    if (i >= 0 && i < n && !seen.has(i)) {
      seen.add(i);
      order.push(i);
    }
  };
  take(0);
  take(n - 1);
  for (let parts = 2; order.length < n; parts *= 2) {
    for (let k = 1; k < parts; k += 2) take(Math.round((k * (n - 1)) / parts));
    if (parts > 2 * n) for (let i = 0; i < n; i++) take(i);
  }
  return order;
}
