import type { Rule } from "../rule.ts";
import { clientFailureRules } from "./client-failures.ts";
import { clientRequestRules } from "./client-requests.ts";
import { collectorRules } from "./collector.ts";
import { jsonRules } from "./json.ts";
import { limitRules } from "./limits.ts";
import { processRules } from "./process.ts";
import { serverFailureRules } from "./server-failures.ts";
import { serverRequestRules } from "./server-requests.ts";

/** Every rule of OTLP 1.11 for receivers and exporters, and what users of the Collector rely on. */
export const rules: readonly Rule[] = [
  ...serverRequestRules,
  ...jsonRules,
  ...limitRules,
  ...serverFailureRules,
  ...clientFailureRules,
  ...clientRequestRules,
  ...processRules,
  ...collectorRules,
];
