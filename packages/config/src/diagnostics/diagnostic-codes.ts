/** Closed list of what can be wrong with a configuration. A code is never given a second meaning; README.md explains each one. */
export const DIAGNOSTIC_CODES = [
  "CFG_NO_SOURCE",
  "CFG_READ_FAILED",
  "CFG_SET_SYNTAX",
  "CFG_YAML_SYNTAX",
  "CFG_DUPLICATE_KEY",
  "CFG_TOO_LARGE",
  "CFG_EMPTY",
  "CFG_ENV_NAME",
  "CFG_ENV_UNSET",
  "CFG_INVALID_URI",
  "CFG_UNKNOWN_SCHEME",
  "CFG_EXPANSION_LOOP",
  "CFG_UNKNOWN_SECTION",
  "CFG_UNKNOWN_FIELD",
  "CFG_NO_EFFECT",
  "CFG_MISSING_FIELD",
  "CFG_WRONG_TYPE",
  "CFG_INVALID_VALUE",
  "CFG_INVALID_ID",
  "CFG_DUPLICATE_ID",
  "CFG_UNKNOWN_TYPE",
  "CFG_DEPRECATED_TYPE",
  "CFG_NO_RECEIVER",
  "CFG_NO_EXPORTER",
  "CFG_NO_PIPELINE",
  "CFG_EMPTY_PIPELINE",
  "CFG_UNDEFINED_REFERENCE",
  "CFG_EXTENSION_NOT_STARTED",
  "CFG_WRONG_EXTENSION",
  "CFG_DUPLICATE_REFERENCE",
  "CFG_AMBIGUOUS_ID",
  "CFG_UNSUPPORTED_SIGNAL",
  "CFG_UNSUPPORTED_PAIR",
  "CFG_UNUSED_CONNECTOR",
  "CFG_NO_ALERT_SOURCE",
  "CFG_CYCLE",
  "CFG_UNUSED_COMPONENT",
] as const;

/** One of the closed list. */
export type DiagnosticCode = (typeof DIAGNOSTIC_CODES)[number];

const WARNINGS: ReadonlySet<DiagnosticCode> = new Set(["CFG_ENV_UNSET", "CFG_NO_EFFECT", "CFG_DEPRECATED_TYPE", "CFG_UNUSED_COMPONENT"]);

/** Whether the code stops the load or is only said. */
export function severityOf(code: DiagnosticCode): "error" | "warning" {
  return WARNINGS.has(code) ? "warning" : "error";
}
