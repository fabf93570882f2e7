import { SEVERITIES, type Severity } from "@tidemark/alerting";
import { durationField } from "@tidemark/core";
import { z } from "zod";

function enabledField(standard: boolean): z.ZodDefault<z.ZodBoolean> {
  return z
    .boolean()
    .default(standard)
    .meta({ description: standard ? "Off: this alert is never raised." : "On: this alert is raised.", examples: [!standard] });
}

function severityField(standard: Severity) {
  return z
    .enum(SEVERITIES)
    .default(standard)
    .meta({ description: "Severity of the alert.", examples: [standard === "critical" ? "high" : "critical"] });
}

function forField(standard: string) {
  return durationField()
    .prefault(standard)
    .meta({ description: "How long it must have lasted.", examples: ["2m"] });
}

/** An alert that fires when something has lasted for a while. */
function ruleField(description: string, severity: Severity, lasting: string) {
  return z
    .strictObject({ enabled: enabledField(true), severity: severityField(severity), for: forField(lasting) })
    .prefault({})
    .meta({ description, examples: [{ for: "2m" }] });
}

const exporterFailedField = z
  .strictObject({
    enabled: enabledField(true),
    severity: severityField("critical"),
    resolve_after: durationField()
      .prefault("5m")
      .meta({ description: "It is over when the exporter has given nothing up for so long.", examples: ["15m"] }),
  })
  .prefault({})
  .meta({
    description: "`ExporterFailed`: an exporter gives items up for good, or puts them among the dead letters.",
    examples: [{ resolve_after: "15m" }],
  });

const queueGrowingField = z
  .strictObject({
    enabled: enabledField(true),
    severity: severityField("warning"),
    above: z
      .number()
      .gt(0)
      .max(1)
      .default(0.5)
      .meta({ description: "Share of its capacity from which a queue is looked at.", examples: [0.8] }),
    below: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .meta({ description: "It is over when the queue is filled to less than this share.", examples: [0.5] }),
    for: durationField()
      .prefault("10s")
      .meta({ description: "How long the queue must have been above, and over what time it must have grown.", examples: ["1m"] }),
  })
  .refine(({ above, below }) => below <= above, { path: ["below"], error: "`below` must not be more than `above`; write a smaller one" })
  .prefault({})
  .meta({
    description: "`QueueGrowing`: the sending queue of an exporter is filled above a share of its capacity, and grows or is full.",
    examples: [{ above: 0.8, below: 0.5 }],
  });

const configReloadFailedField = z
  .strictObject({ enabled: enabledField(true), severity: severityField("high") })
  .prefault({})
  .meta({
    description: "`ConfigReloadFailed`: the last reload was rejected and the configuration before it runs on. Over with the next good one.",
    examples: [{ severity: "critical" }],
  });

const watchdogField = z
  .strictObject({
    enabled: enabledField(false),
    severity: severityField("info"),
    interval: durationField()
      .prefault("1m")
      .refine((ms) => ms > 0, "must be more than 0; write for example 1m")
      .meta({ description: "How often it is sent.", examples: ["30s"] }),
  })
  .prefault({})
  .meta({
    description: "`Watchdog`: always fires, so that whoever receives alerts can tell that none come any more (a dead man's switch).",
    examples: [{ enabled: true }],
  });

const fields = z.strictObject({
  interval: durationField()
    .prefault("500ms")
    .refine((ms) => ms > 0, "must be more than 0; write for example 500ms")
    .meta({ description: "How often the books and the health report are looked at.", examples: ["1s"] }),
  repeat_interval: durationField()
    .prefault("4h")
    .meta({ description: "How often an alert that goes on firing is sent again; `0s` means never.", examples: ["1h"] }),
  keep_firing_for: durationField()
    .prefault("30s")
    .meta({
      description: "How long something must be over before its alert is resolved, so that what comes back, or a reload, does not flap.",
      examples: ["2m"],
    }),
  service: z
    .string()
    .min(1)
    .default("tidemark")
    .meta({ description: "`service.name` of the alerts.", examples: ["gateway"] }),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: "Labels of every alert, such as where this collector runs.", examples: [{ cluster: "eu-1" }] }),
  exporter_failed: exporterFailedField,
  circuit_breaker_open: ruleField("`CircuitBreakerOpen`: nothing is sent, because the destination does not answer.", "high", "1m"),
  sends_fail: ruleField(
    "`SendsFail`: no send of an exporter succeeds, and no circuit breaker is open: it has none, or not yet.",
    "high",
    "1m",
  ),
  queue_growing: queueGrowingField,
  no_progress: ruleField("`NoProgress`: a component holds data and moves none, and not because sends fail.", "critical", "1m"),
  storage_full: ruleField("`StorageFull`: a storage has no room, and senders are refused.", "critical", "0s"),
  storage_unavailable: ruleField("`StorageUnavailable`: the disk or the database of a storage cannot be used.", "critical", "0s"),
  records_damaged: ruleField("`RecordsDamaged`: stored records cannot be read any more.", "high", "0s"),
  dead_letters_present: ruleField("`DeadLettersPresent`: dead letters wait for somebody to replay or drop them.", "warning", "15m"),
  memory_limited: ruleField("`MemoryLimited`: a memory limiter refuses data.", "high", "30s"),
  config_reload_failed: configReloadFailedField,
  component_failed: ruleField("`ComponentFailed`: a component does not work any more.", "critical", "0s"),
  ledger_unbalanced: ruleField("`LedgerUnbalanced`: items are missing from the books of the collector.", "critical", "5s"),
  watchdog: watchdogField,
});

/** Options of the alerts about the collector itself. */
export const selfAlertsConfig: typeof fields = fields;

/** Parsed configuration; times in milliseconds. */
export type SelfAlertsConfig = z.output<typeof fields>;
