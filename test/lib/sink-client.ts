import type { ItemRange } from "./item-ranges.ts";

/** What a sink has counted. */
export interface SinkStats {
  readonly items: number;
  readonly doubled: number;
}

/** Asks a `sink.ts` what it has counted. */
export async function statsOf(sink: string): Promise<SinkStats> {
  return (await (await fetch(`${sink}/stats`)).json()) as SinkStats;
}

/** Asks a `sink.ts` how many of these items have not arrived. */
export async function missingAt(sink: string, ranges: readonly ItemRange[]): Promise<number> {
  const answer = await fetch(`${sink}/missing`, { method: "POST", body: JSON.stringify({ ranges }) });
  return ((await answer.json()) as { missing: number }).missing;
}
