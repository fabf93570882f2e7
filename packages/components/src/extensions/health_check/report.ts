import { formatDuration, type Host } from "@tidemark/core";
import type { HealthCheckConfig } from "./config.ts";

/** The answer to one question for health. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly contentType: string;
  readonly body: string;
}

/** Go's zero time: what the Collector reports as `upSince` while it is not up. */
const NEVER = "0001-01-01T00:00:00Z";

/** Healthy means: the pipelines are started, and every node that holds data moves it. `now` is in milliseconds since the epoch. */
export function healthAnswer(health: ReturnType<Host["health"]>, now: number, texts: HealthCheckConfig["response_body"]): HealthAnswer {
  const reason = unhealthyReason(health);
  const status = reason === undefined ? 200 : 503;
  const text = reason === undefined ? texts?.healthy : texts?.unhealthy;
  if (text !== undefined && text !== "") return { status, contentType: "text/plain; charset=utf-8", body: text };
  const report = {
    status: reason === undefined ? "Server available" : "Server not available",
    ...(reason === undefined ? {} : { reason }),
    upSince: health.startedAt === undefined ? NEVER : new Date(health.startedAt).toISOString(),
    uptime: health.startedAt === undefined ? "" : formatDuration(Math.max(0, Math.round(now - health.startedAt))),
  };
  return { status, contentType: "application/json", body: JSON.stringify(report) };
}

function unhealthyReason(health: ReturnType<Host["health"]>): string | undefined {
  if (!health.ready) return "the pipelines are not started";
  const bad = health.nodes.filter((node) => !node.healthy);
  return bad.length === 0 ? undefined : bad.map(({ node, reason }) => `${node}: ${reason ?? "unhealthy"}`).join("; ");
}
