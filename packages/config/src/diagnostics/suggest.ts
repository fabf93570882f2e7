/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let best = Math.min(replace, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/** Out of more names than this nobody picks one by reading; and each mistake would cost the time and the text of all of them. */
const MOST_CANDIDATES = 200;

/** The candidate that a mistyped word most likely meant, or `undefined` when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 100) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates.slice(0, MOST_CANDIDATES)) {
    const same = flatten(candidate) === flatten(word);
    const distance = same ? 0 : editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function flatten(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}

/**
 * `did you mean "x"?  Fields: a, b, x`; without a near one `use one of the fields: a, b, x`. `free` are the candidates that can
 * still be meant, when some are taken.
 */
export function suggestion(word: string, candidates: readonly string[], label: string, free: readonly string[] = candidates): string {
  if (candidates.length === 0) return `take it out: there are no ${label.toLowerCase()} here`;
  const near = nearest(word, free);
  const more = candidates.length - MOST_CANDIDATES;
  const list = candidates.slice(0, MOST_CANDIDATES).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return near === undefined ? `use one of the ${label.toLowerCase()}: ${list}` : `did you mean "${near}"?  ${label}: ${list}`;
}
