import type { SelfAlertsConfig } from "./config.ts";

/** The alerts that there are, by their names in the configuration. */
export type RuleName = Exclude<keyof SelfAlertsConfig, "interval" | "repeat_interval" | "keep_firing_for" | "service" | "labels">;

/** Something that is wrong at the moment. Like all memory here it is plain data, because another worker may have to take it over. */
export interface Finding {
  readonly rule: RuleName;
  /** What it is about: `exporter`, `processor`, `extension`, `pipeline`… as in the collector's own metrics. */
  readonly labels: Readonly<Record<string, string>>;
  /** In milliseconds since the Unix epoch. */
  readonly since: number;
  /** One word for programs. */
  readonly reasonCode: string;
  /** One sentence with the numbers. */
  readonly summary: string;
  /** What to do about it, in one sentence. */
  readonly fix: string;
  /** What the far side, the disk or the checker said. */
  readonly error?: string;
  readonly value?: number;
  readonly threshold?: number;
  readonly unit?: string;
  /** In which of several workers. */
  readonly workers: readonly number[];
}

/** `ExporterFailed` for `exporter_failed`. */
export function alertName(rule: RuleName): string {
  return rule.replace(/(^|_)([a-z])/g, (_all, _separator, letter: string) => letter.toUpperCase());
}

/** What several workers say about the same thing, as one: the oldest speaks for all. */
export function mergeFindings(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, ({ rule, labels }) => JSON.stringify([rule, labels]));
  return [...groups.values()].flatMap((group) => {
    const [oldest] = group.toSorted((a, b) => a.since - b.since);
    const workers = [...new Set(group.flatMap((finding) => finding.workers))].toSorted((a, b) => a - b);
    return oldest === undefined ? [] : [{ ...oldest, workers }];
  });
}

/** How long, in words: whole seconds. */
export function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
