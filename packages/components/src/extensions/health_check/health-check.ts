import { createServer, type Server } from "node:http";
import type { ComponentContext, Extension } from "@tidemark/core";
import { listen, parseListenAddress } from "../../transport/listen.ts";
import type { HealthCheckConfig } from "./config.ts";
import { healthAnswer } from "./report.ts";

/** Serves the health of the collector over HTTP, for load balancers and orchestrators. */
export function createHealthCheck(config: HealthCheckConfig, context: ComponentContext): Extension {
  const address = parseListenAddress(config.endpoint, "tcp");
  if (address === undefined) throw new Error(`endpoint "${config.endpoint}" is not host:port`);
  const server = healthServer(config, context);
  return {
    start: async () => {
      await listen(server, address, config.endpoint);
      context.log.info("Health report is served.", { endpoint: config.endpoint, path: config.path });
    },
    shutdown: () => close(server),
  };
}

function healthServer(config: HealthCheckConfig, context: ComponentContext): Server {
  return createServer((request, response) => {
    request.resume();
    const path = (request.url ?? "/").split("?", 1)[0];
    if (path !== config.path) {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(`404: the health report is at ${config.path}\n`);
      return;
    }
    const { status, contentType, body } = healthAnswer(context.host.health(), context.clock.now(), config.response_body);
    response.writeHead(status, { "content-type": contentType }).end(body);
  });
}

function close(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
