/** The one scale that all severity words are mapped to, the mildest first. */
export const SEVERITIES = ["info", "low", "warning", "high", "critical", "emergency"] as const;

/** A step of the scale. */
export type Severity = (typeof SEVERITIES)[number];

const LEVELS: Readonly<Record<Severity, number>> = { info: 10, low: 20, warning: 30, high: 40, critical: 50, emergency: 60 };

/** OTLP SeverityNumber (logs data model, "Severity Fields"): INFO, INFO2, WARN, ERROR, FATAL, FATAL4. */
const OTLP_NUMBERS: Readonly<Record<Severity, number>> = { info: 9, low: 10, warning: 13, high: 17, critical: 21, emergency: 24 };

/** Words that teams use, in lower case. */
const ALIASES: Readonly<Record<string, Severity>> = {
  information: "info",
  notice: "info",
  debug: "info",
  提醒: "info",
  归档: "info",
  p3: "low",
  minor: "low",
  medium: "warning",
  warn: "warning",
  yellow: "warning",
  警告: "warning",
  普通: "warning",
  p2: "warning",
  orange: "high",
  error: "high",
  major: "high",
  p1: "high",
  高危: "high",
  red: "critical",
  fatal: "critical",
  page: "critical",
  严重: "critical",
  p0: "critical",
  disaster: "emergency",
  紧急: "emergency",
};

function isSeverity(word: string): word is Severity {
  return Object.hasOwn(LEVELS, word);
}

/** Reads a severity word in any of the known vocabularies, case ignored; `undefined` for a word that nobody declared. */
export function parseSeverity(word: string): Severity | undefined {
  const key = word.trim().toLowerCase();
  if (isSeverity(key)) return key;
  return Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined;
}

/** Rank on the common scale, `info` 10 to `emergency` 60; bigger is worse. */
export function severityLevel(severity: Severity): number {
  return LEVELS[severity];
}

/** The OTLP SeverityNumber that a log record of this severity carries. */
export function severityNumber(severity: Severity): number {
  return OTLP_NUMBERS[severity];
}

/** The severity that stands for an OTLP SeverityNumber, for records that name none. */
export function severityFromNumber(number: number): Severity {
  if (number >= 24) return "emergency";
  if (number >= 21) return "critical";
  if (number >= 17) return "high";
  if (number >= 13) return "warning";
  return number === 10 ? "low" : "info";
}
