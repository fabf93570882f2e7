import { durationField } from "@tidemark/core";
import { z } from "zod";

const fields = z.strictObject({
  check_interval: durationField()
    .prefault("0s")
    .meta({
      description: "Time between two measurements of the memory in use. Must be greater than zero; 1s is a good value.",
      examples: ["1s"],
    }),
  limit_mib: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Hard limit: the most memory the process should use, in MiB. Wins over `limit_percentage`.", examples: [512] }),
  spike_limit_mib: z
    .int()
    .min(0)
    .default(0)
    .meta({
      description:
        "Growth to expect between two measurements, in MiB; the soft limit is the hard limit less this. 0 means 20 % of the hard limit.",
      examples: [128],
    }),
  limit_percentage: z
    .int()
    .min(0)
    .default(0)
    .meta({
      description: "Hard limit in per cent of the memory that the control group (cgroup) of the process has, else the machine.",
      examples: [75],
    }),
  spike_limit_percentage: z
    .int()
    .min(0)
    .default(0)
    .meta({
      description: "Growth to expect between two measurements, in per cent of all memory. 0 means 20 % of the hard limit.",
      examples: [15],
    }),
  min_gc_interval_when_soft_limited: durationField()
    .prefault("10s")
    .meta({ description: "Least time between two forced collections while memory stays above the soft limit.", examples: ["10s"] }),
  min_gc_interval_when_hard_limited: durationField()
    .prefault("0s")
    .meta({ description: "Least time between two forced collections while memory stays above the hard limit.", examples: ["1s"] }),
  max_gc_interval_when_soft_limited: durationField()
    .prefault("30s")
    .meta({
      description:
        "The interval doubles up to this while forced collections above the soft limit free less than 5 %; 0s never lengthens it.",
      examples: ["1m"],
    }),
  max_gc_interval_when_hard_limited: durationField()
    .prefault("30s")
    .meta({
      description:
        "The interval doubles up to this while forced collections above the hard limit free less than 5 %; 0s never lengthens it.",
      examples: ["1m"],
    }),
});

/** Parsed configuration; times in milliseconds. */
export type MemoryLimiterConfig = z.output<typeof fields>;

interface Rule {
  readonly path: keyof MemoryLimiterConfig;
  readonly broken: (config: MemoryLimiterConfig) => boolean;
  readonly message: string;
}

/** The Collector's rules with its own messages (internal/memorylimiter/config.go). */
const RULES: readonly Rule[] = [
  { path: "check_interval", broken: (c) => c.check_interval <= 0, message: "'check_interval' must be greater than zero" },
  {
    path: "min_gc_interval_when_soft_limited",
    broken: (c) => c.min_gc_interval_when_soft_limited < c.min_gc_interval_when_hard_limited,
    message: "'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'",
  },
  {
    path: "max_gc_interval_when_soft_limited",
    broken: (c) => c.max_gc_interval_when_soft_limited > 0 && c.max_gc_interval_when_soft_limited < c.min_gc_interval_when_soft_limited,
    message: "'max_gc_interval_when_soft_limited' must be greater than or equal to 'min_gc_interval_when_soft_limited' (or 0 to disable)",
  },
  {
    path: "max_gc_interval_when_hard_limited",
    broken: (c) => c.max_gc_interval_when_hard_limited > 0 && c.max_gc_interval_when_hard_limited < c.min_gc_interval_when_hard_limited,
    message: "'max_gc_interval_when_hard_limited' must be greater than or equal to 'min_gc_interval_when_hard_limited' (or 0 to disable)",
  },
  {
    path: "max_gc_interval_when_soft_limited",
    broken: (c) =>
      c.max_gc_interval_when_soft_limited > 0 &&
      c.max_gc_interval_when_hard_limited > 0 &&
      c.max_gc_interval_when_soft_limited < c.max_gc_interval_when_hard_limited,
    message:
      "'max_gc_interval_when_soft_limited' should be larger than or equal to 'max_gc_interval_when_hard_limited' (when both are set)",
  },
  {
    path: "limit_mib",
    broken: (c) => c.limit_mib === 0 && c.limit_percentage === 0,
    message: "'limit_mib' or 'limit_percentage' must be greater than zero",
  },
  {
    path: "limit_percentage",
    broken: (c) => c.limit_percentage > 100 || c.spike_limit_percentage > 100,
    message: "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred",
  },
  {
    path: "spike_limit_mib",
    broken: (c) => c.limit_mib > 0 && c.limit_mib <= c.spike_limit_mib,
    message: "'spike_limit_mib' must be smaller than 'limit_mib'",
  },
  {
    path: "spike_limit_percentage",
    broken: (c) => c.limit_percentage > 0 && c.limit_percentage <= c.spike_limit_percentage,
    message: "'spike_limit_percentage' must be smaller than 'limit_percentage'",
  },
];

/** Options of the memory limiter, with the Collector's names, defaults and messages. */
export const memoryLimiterConfig: typeof fields = fields.superRefine((config, context) => {
  for (const rule of RULES) {
    if (rule.broken(config)) context.addIssue({ code: "custom", path: [rule.path], message: rule.message });
  }
});
