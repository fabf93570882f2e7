export { NO_EVIDENCE, type Alert, type AlertOperator, type AlertStatus, type Evidence, type EvidenceSample } from "./alert.ts";
export { attributeText } from "./any-value.ts";
export { decodeAlert, noticeFromRecord } from "./decode.ts";
export { Deduplicator, type DeduplicatorOptions } from "./deduplicator.ts";
export { encodeAlerts } from "./encode.ts";
export { codeSpan, escapeMarkdown, escapeText } from "./escape.ts";
export type { EvidenceBucket } from "./evidence-bucket.ts";
export {
  EvidenceIndex,
  evidenceIndexKey,
  evidenceOf,
  freezeEvidence,
  type EvidenceFindings,
  type EvidenceIndexOptions,
  type EvidenceQuery,
} from "./evidence-index.ts";
export { fingerprint } from "./fingerprint.ts";
export { renderLink } from "./link.ts";
export { LruMap, type LruEntry } from "./lru-map.ts";
export { formatNumber, renderLine, renderMarkdown, renderText, type RenderOptions } from "./render.ts";
export { parseSeverity, SEVERITIES, severityLevel, severityNumber, type Severity } from "./severity.ts";
export { alertService, serviceOf } from "./service.ts";
export { nanosFromMs } from "./time.ts";
export { TraceContexts, traceContextsKey, traceKey, traceKeyOfHex, type TraceContextsOptions, type TraceValues } from "./trace-contexts.ts";
export { truncateUtf8, utf8Length } from "./truncate.ts";
