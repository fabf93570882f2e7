import {
  formatDuration,
  healthStatus,
  worstStatus,
  type HealthPolicy,
  type HealthStatus,
  type Host,
  type LedgerSnapshot,
} from "@tidemark/core";
import { jsonPage, type Page } from "../../pages/page-server.ts";

type Health = ReturnType<Host["health"]>;

/** Go's zero time: what the Collector reports as `upSince` while it is not up. */
const NEVER = "0001-01-01T00:00:00Z";
const NOT_STARTED = "the pipelines are not started";

/** The health of a collector at one moment, and how it is judged. */
export interface Judgement {
  readonly health: Health;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly policy: HealthPolicy;
}

/** The state of the whole: the worst of its nodes; `DOWN` while the pipelines are not started. */
export function statusOf({ health, now, policy }: Judgement): HealthStatus {
  if (!health.ready) return "DOWN";
  return worstStatus(health.nodes.map((node) => healthStatus(node, now, policy)));
}

/** The Collector's report: 200 while every node that holds data moves it, else 503. */
export function collectorPage(judgement: Judgement, texts: { readonly healthy: string; readonly unhealthy: string } | undefined): Page {
  const { health, now } = judgement;
  const reason = downReason(judgement);
  const status = reason === undefined ? 200 : 503;
  const text = reason === undefined ? texts?.healthy : texts?.unhealthy;
  if (text !== undefined && text !== "") return { status, contentType: "text/plain; charset=utf-8", body: text };
  return jsonPage(status, {
    status: reason === undefined ? "Server available" : "Server not available",
    ...(reason === undefined ? {} : { reason }),
    upSince: health.startedAt === undefined ? NEVER : new Date(health.startedAt).toISOString(),
    uptime: health.startedAt === undefined ? "" : formatDuration(Math.max(0, Math.round(now - health.startedAt))),
  });
}

/** `/ready`: whether traffic should come here. */
export function readyPage(judgement: Judgement): Page {
  const status = statusOf(judgement);
  const reason = downReason(judgement);
  return jsonPage(status === "DOWN" ? 503 : 200, { status, ...(reason === undefined ? {} : { reason }) });
}

/** What `/health` says, and how. */
export interface ServiceHealthOptions {
  readonly service: string;
  /** HTTP status while it works badly. */
  readonly degradedStatus: number;
}

/** `/health`: everything, in the shape in which services report their own health. */
export function serviceHealthPage(judgement: Judgement, { nodes }: LedgerSnapshot, options: ServiceHealthOptions): Page {
  const { health, now, policy } = judgement;
  const status = statusOf(judgement);
  const sum = (count: (node: (typeof nodes)[number]) => number): number => nodes.reduce((total, node) => total + count(node), 0);
  const troubled = health.nodes.flatMap((node) => {
    const own = healthStatus(node, now, policy);
    if (own === "UP") return [];
    const { reason, trouble } = node;
    const since = trouble === undefined ? {} : { since: new Date(trouble.since).toISOString() };
    return [{ node: node.node, status: own, reason_code: trouble?.code ?? "component_failed", reason: reason ?? "unhealthy", ...since }];
  });
  const worst = troubled.find((node) => node.status === status);
  const code = health.ready ? worst?.reason_code : "not_started";
  return jsonPage(status === "UP" ? 200 : status === "DOWN" ? 503 : options.degradedStatus, {
    service: options.service,
    status,
    ...(code === undefined ? {} : { reason_code: code }),
    details: {
      uptime_seconds: health.startedAt === undefined ? 0 : Math.max(0, Math.round((now - health.startedAt) / 1000)),
      held_items: sum((node) => node.held),
      stored_items: sum((node) => node.stored),
      dead_lettered_items: sum((node) => node.deadLettered),
      nodes: Object.fromEntries(troubled.map(({ node, ...rest }) => [node, rest])),
    },
  });
}

function downReason({ health, now, policy }: Judgement): string | undefined {
  if (!health.ready) return NOT_STARTED;
  const down = health.nodes.filter((node) => healthStatus(node, now, policy) === "DOWN");
  return down.length === 0 ? undefined : down.map(({ node, reason }) => `${node}: ${reason ?? "unhealthy"}`).join("; ");
}
