import type { X509Certificate } from "node:crypto";
import type { MetricBatch } from "@tidemark/otlp";
import { MetricWriter, type PointAttributes } from "../../scraping/metric-writer.ts";
import { certificateAttributes, secondsLeft } from "./certificate.ts";
import type { CheckResult } from "./check.ts";
import type { HealthPoint } from "./condition.ts";
import type { HttpCheckConfig } from "./config.ts";
import { METRICS } from "./metrics.ts";

const SCOPE = "http_check";
const CLASSES = [1, 2, 3, 4, 5] as const;

/** A check, and how the target is after it. */
export interface Reading {
  readonly result: CheckResult;
  readonly health: readonly HealthPoint[];
}

type Switches = HttpCheckConfig["metrics"];
type Add = (name: keyof typeof METRICS, value: number, attributes: PointAttributes) => void;

/** Writes readings as metrics. `startedAt` is since when there are checks. */
export function metricsOf(readings: readonly Reading[], switches: Switches, startedAt: number): MetricBatch {
  const writer = new MetricWriter(SCOPE, startedAt);
  for (const { result, health } of readings) {
    const add: Add = (name, value, attributes) => {
      if (switches[name].enabled) writer.add(METRICS[name], value, attributes, result.at);
    };
    const { target, failure } = result;
    const url = { "http.url": target.shownUrl };
    addStatus(result, add);
    add("httpcheck.duration", result.durationMs, url);
    if (failure !== undefined) add("httpcheck.error", 1, { ...url, "error.message": failure.message });
    for (const { value, reason } of health)
      add("health.status", value, { service: target.service, target: target.shownUrl, reason_code: reason });
    addAnswer(result, url, add);
  }
  return writer.batch();
}

function addStatus({ target, answer }: CheckResult, add: Add): void {
  const method = { "http.method": target.method };
  for (const each of CLASSES) {
    const isIt = answer !== undefined && Math.trunc(answer.status / 100) === each;
    add("httpcheck.status", isIt ? 1 : 0, {
      "http.url": target.shownUrl,
      "http.status_code": isIt ? answer.status : undefined,
      ...method,
      "http.status_class": `${each}xx`,
    });
  }
}

function addAnswer({ answer, at, passed, failed }: CheckResult, url: PointAttributes, add: Add): void {
  if (answer === undefined) return;
  const { timings, certificate, size } = answer;
  add("httpcheck.dns.lookup.duration", timings.dns, url);
  add("httpcheck.client.connection.duration", timings.connect, { ...url, "network.transport": "tcp" });
  add("httpcheck.tls.handshake.duration", timings.tls, url);
  add("httpcheck.client.request.duration", timings.request, url);
  add("httpcheck.response.duration", timings.response, url);
  add("httpcheck.response.size", size, url);
  if (certificate !== undefined) addCertificate(certificate, at, url, add);
  for (const [type, count] of Object.entries(passed)) add("httpcheck.validation.passed", count, { ...url, "validation.type": type });
  for (const [type, count] of Object.entries(failed)) add("httpcheck.validation.failed", count, { ...url, "validation.type": type });
}

function addCertificate(certificate: X509Certificate, at: number, url: PointAttributes, add: Add): void {
  const left = secondsLeft(certificate, at);
  if (left !== undefined) add("httpcheck.tls.cert_remaining", left, { ...url, ...certificateAttributes(certificate) });
}
