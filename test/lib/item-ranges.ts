/** Items of one sender with successive sequence numbers: `to` is exclusive. */
export type ItemRange = readonly [sender: number, from: number, to: number];

/** Joins ranges of one sender that touch, so that a report stays small. */
export function joinRanges(ranges: readonly ItemRange[]): ItemRange[] {
  const result: [number, number, number][] = [];
  for (const range of ranges.toSorted((a, b) => a[1] - b[1])) {
    const last = result.at(-1);
    if (last !== undefined && last[2] === range[1]) last[2] = range[2];
    else result.push([...range]);
  }
  return result;
}
