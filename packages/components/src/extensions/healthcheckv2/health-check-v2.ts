import type { ComponentContext, Extension } from "@tidemark/core";
import { jsonPage, PageServer, textPage, type Page, type PageRequest } from "../../pages/page-server.ts";
import type { HealthCheckV2Config } from "./config.ts";
import { httpStatus, type StatusEvent } from "./status.ts";
import { statusTree, type StatusTree } from "./status-tree.ts";

/** Serves the health of the collector, its pipelines and its components. */
export function createHealthCheckV2(config: HealthCheckV2Config, context: ComponentContext): Extension {
  const { endpoint, status } = config.http;
  let isStopping = false;
  const server = new PageServer({
    endpoint,
    clock: context.clock,
    log: context.log,
    answer: (request) =>
      status.enabled && request.path === status.path
        ? statusPage(request, config, context, isStopping)
        : textPage(404, status.enabled ? `404: the health report is at ${status.path}` : "404: there is no health report"),
  });
  return {
    start: async () => {
      await server.start();
      context.log.info("Health report is served.", { endpoint, path: status.path });
    },
    notReady: () => {
      isStopping = true;
    },
    shutdown: () => server.close(),
  };
}

function statusPage({ query }: PageRequest, config: HealthCheckV2Config, { clock, host }: ComponentContext, isStopping: boolean): Page {
  const now = clock.now();
  const health = host.health();
  const inclusion = config.component_health;
  const whole = statusTree(health, host.topology(), now, inclusion);
  const pipeline = query.get("pipeline");
  const part = pipeline === null ? whole : whole.parts.get(`pipeline:${pipeline}`);
  if (part === undefined) return textPage(404, `404: there is no pipeline "${pipeline}"`);
  const lifecycle: StatusEvent | undefined = health.ready
    ? undefined
    : { status: isStopping ? "StatusStopping" : "StatusStarting", at: now };
  const tree: StatusTree = lifecycle === undefined ? part : { event: lifecycle, parts: part.parts };
  const isVerbose = query.has("verbose") && query.get("verbose") !== "false";
  return jsonPage(httpStatus(tree.event, now, inclusion), {
    ...(health.startedAt === undefined ? {} : { start_time: new Date(health.startedAt).toISOString() }),
    ...serialise(tree, isVerbose, (event) => httpStatus(event, now, inclusion) === 200),
  });
}

function serialise({ event, parts }: StatusTree, isVerbose: boolean, isHealthy: (event: StatusEvent) => boolean): object {
  return {
    healthy: isHealthy(event),
    status: event.status,
    ...(event.error === undefined ? {} : { error: event.error }),
    status_time: new Date(event.at).toISOString(),
    ...(isVerbose && parts.size > 0
      ? { components: Object.fromEntries([...parts].map(([name, part]) => [name, serialise(part, true, isHealthy)])) }
      : {}),
  };
}
