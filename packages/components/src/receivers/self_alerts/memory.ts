import { adoptEpisodes, type EpisodeMemory } from "./episodes.ts";
import { noFailures, type FailureMemory } from "./exporter-failures.ts";
import type { GrowthMemory } from "./queue-growth.ts";

/** Everything that has to outlive a reload, and the worker that alerts. Plain data, so that it can go to another worker. */
export interface SelfMemory {
  readonly episodes: EpisodeMemory;
  readonly failures: FailureMemory;
  readonly growth: GrowthMemory;
  /** When alerting began: the watchdog fires since then. */
  readonly startedAt: number;
  savedAt: number;
}

export function newMemory(now: number): SelfMemory {
  return { episodes: {}, failures: noFailures(), growth: {}, startedAt: now, savedAt: now };
}

/** Makes what another process has left one's own. */
export function adoptMemory(memory: SelfMemory): SelfMemory {
  adoptEpisodes(memory.episodes);
  return memory;
}
