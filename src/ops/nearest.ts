/** The names that are most like one that does not exist, for whoever mistyped it. */
export function nearest(name: string, known: Iterable<string>, most = 3): string {
  const wanted = pairsOf(name);
  const scored = [...known].map((one) => {
    const pairs = pairsOf(one);
    const shared = [...pairs].filter((pair) => wanted.has(pair)).length;
    return { one, likeness: (2 * shared) / (pairs.size + wanted.size) };
  });
  return scored
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, most)
    .map(({ one }) => one)
    .join(', ');
}

const pairsOf = (text: string): Set<string> =>
  new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2).toLowerCase()));
