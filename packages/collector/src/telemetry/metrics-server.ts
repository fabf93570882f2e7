import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A running scrape endpoint. */
export interface MetricsServer {
  /** The port that it listens on; differs from the wanted one when that was 0. */
  readonly port: number;
  close(): Promise<void>;
}

/** Where in the configuration the endpoint stands, for messages. */
export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly option: string;
}

/**
 * Serves `GET /metrics`.
 * @throws Error that names the option when the port cannot be had.
 */
export async function serveMetrics({ host, port, option }: MetricsServerOptions, text: () => Promise<string>): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    // Node gives an answer its connection when those before it are out. Who asks on without waiting could have thousands made that he never reads.
    if (response.socket === null) return void request.socket.destroy();
    request.resume();
    if ((request.url ?? "/").split("?", 1)[0] !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("404: the metrics are at /metrics\n");
      return;
    }
    text().then(
      (body) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(body),
      (error: unknown) => response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`${String(error)}\n`),
    );
  });
  await listen(server, { host, port, option });
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port, option }: MetricsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
      const fix = `set ${option} to another host or port, or service::telemetry::metrics::level to none`;
      reject(new Error(`cannot serve the collector's own metrics on ${host}:${port}: ${why}; ${fix}`, { cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
}
