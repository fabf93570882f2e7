import type { ObservableResult } from "@opentelemetry/api";
import type { ComponentContext, Extension, HealthStatus } from "@tidemark/core";
import { jsonPage, PageServer, textPage, type Page } from "../../pages/page-server.ts";
import { policyOf } from "../../pages/policy-fields.ts";
import type { HealthCheckConfig } from "./config.ts";
import { collectorPage, readyPage, serviceHealthPage, statusOf, type Judgement } from "./report.ts";

const VALUES: Readonly<Record<HealthStatus, number>> = { UP: 0, DEGRADED: 1, DOWN: 2 };

/** Serves the health of the collector over HTTP, for load balancers and orchestrators. */
export function createHealthCheck(config: HealthCheckConfig, context: ComponentContext): Extension {
  const { endpoint, path, service } = config;
  const { clock, host, log, meter } = context;
  const policy = policyOf(config);
  const judgement = (): Judgement => ({ health: host.health(), now: clock.now(), policy });
  const server = new PageServer({ endpoint, clock, log, answer: (request) => answerTo(request.path, config, context, judgement()) });
  const gauge = meter.createObservableGauge("health.status", { description: "0 UP, 1 DEGRADED, 2 DOWN." });
  const observe = (result: ObservableResult): void => result.observe(VALUES[statusOf(judgement())], { service });
  return {
    start: async () => {
      await server.start();
      gauge.addCallback(observe);
      log.info("Health report is served.", { endpoint, path });
    },
    shutdown: () => {
      gauge.removeCallback(observe);
      return server.close();
    },
  };
}

/** The configured path wins over those that are always there. */
function answerTo(path: string, config: HealthCheckConfig, { host }: ComponentContext, judgement: Judgement): Page {
  if (path === config.path) return collectorPage(judgement, config.response_body);
  switch (path) {
    case "/healthz":
      return collectorPage(judgement, config.response_body);
    case "/liveness":
      return jsonPage(200, { status: "UP" });
    case "/ready":
      return readyPage(judgement);
    case "/health":
      return serviceHealthPage(judgement, host.ledger(), { service: config.service, degradedStatus: config.degraded_status });
    default:
      return textPage(404, `404: the health report is at ${config.path}; there are also /health, /healthz, /liveness and /ready`);
  }
}
