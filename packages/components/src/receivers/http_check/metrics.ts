import type { MetricInfo } from "../../scraping/metric-writer.ts";

/** The metrics, with the names, units and kinds of the Collector's receiver; `health.status` is ours. */
export const METRICS = {
  "httpcheck.status": {
    name: "httpcheck.status",
    unit: "1",
    description: "1 for the class of the status that the target answered with, 0 for the others.",
    kind: "updown",
  },
  "httpcheck.duration": {
    name: "httpcheck.duration",
    unit: "ms",
    description: "How long the check took, from its start to the end of the answer.",
    kind: "gauge",
  },
  "httpcheck.error": {
    name: "httpcheck.error",
    unit: "{error}",
    description: "1 for a check that got no answer, or no whole one.",
    kind: "updown",
  },
  "health.status": {
    name: "health.status",
    unit: "1",
    description: "0 UP, 1 DEGRADED.",
    kind: "gauge",
  },
  "httpcheck.dns.lookup.duration": {
    name: "httpcheck.dns.lookup.duration",
    unit: "ms",
    description: "How long it took to look the host up; 0 on a kept connection.",
    kind: "gauge",
  },
  "httpcheck.client.connection.duration": {
    name: "httpcheck.client.connection.duration",
    unit: "ms",
    description: "How long it took to connect over TCP; 0 on a kept connection.",
    kind: "gauge",
  },
  "httpcheck.tls.handshake.duration": {
    name: "httpcheck.tls.handshake.duration",
    unit: "ms",
    description: "How long the TLS handshake took; 0 without TLS and on a kept connection.",
    kind: "gauge",
  },
  "httpcheck.client.request.duration": {
    name: "httpcheck.client.request.duration",
    unit: "ms",
    description: "How long it took to send the request, from the start of the check.",
    kind: "gauge",
  },
  "httpcheck.response.duration": {
    name: "httpcheck.response.duration",
    unit: "ms",
    description: "How long it took to receive the answer, from its head to its end.",
    kind: "gauge",
  },
  "httpcheck.response.size": {
    name: "httpcheck.response.size",
    unit: "By",
    description: "Size of the body of the answer, as far as it was read.",
    kind: "gauge",
  },
  "httpcheck.tls.cert_remaining": {
    name: "httpcheck.tls.cert_remaining",
    unit: "s",
    description: "Time until the certificate of the target expires; below 0 when it has.",
    kind: "gauge",
  },
  "httpcheck.validation.passed": {
    name: "httpcheck.validation.passed",
    unit: "{validation}",
    description: "Validations that the answer passed, by their type.",
    kind: "updown",
  },
  "httpcheck.validation.failed": {
    name: "httpcheck.validation.failed",
    unit: "{validation}",
    description: "Validations that the answer failed, by their type.",
    kind: "updown",
  },
} as const satisfies Readonly<Record<string, MetricInfo>>;
