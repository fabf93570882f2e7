import { settlePromises, testContext, type TestContext } from "@tidemark/core/testing";
import type { Extension } from "@tidemark/core";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import type { CheckResult } from "../check.ts";
import { openChecker } from "../clients.ts";
import { httpCheckConfig, type HttpCheckConfig } from "../config.ts";
import { targetsOf, type Target } from "../target.ts";

/** A request as the site got it. */
export interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server on loopback. */
export interface Site {
  readonly port: number;
  readonly url: string;
  readonly asked: Asked[];
  readonly server: Server;
  /** Resolves when so many requests have come. */
  requests(count: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server that answers as `answer` does; with `tls` over TLS. */
export async function site(answer: RequestListener, tls?: ServerOptions): Promise<Site> {
  const asked: Asked[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({
        line: `${request.method} ${request.headers.host?.replace(/:\d+$/, "")}${request.url}`,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      answer(request, response);
      server.emit("asked");
    });
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http${tls === undefined ? "" : "s"}://127.0.0.1:${port}`,
    asked,
    server,
    async requests(count) {
      while (asked.length < count) await once(server, "asked");
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A check that runs, and the virtual time it runs in. */
export interface RunningCheck {
  readonly context: TestContext;
  readonly result: Promise<CheckResult | undefined>;
  readonly stop: AbortController;
}

/** Checks the only target of a configuration once, or several times in a row over the same connections. */
export async function checkOnce(
  target: Record<string, unknown>,
  options: { readonly times?: number; readonly extensions?: Readonly<Record<string, Extension>> } = {},
): Promise<CheckResult> {
  const { times = 1, extensions = {} } = options;
  const config = httpCheckConfig.parse({ targets: [target] });
  const context = testContext({ id: "http_check", kind: "receiver", extensions });
  const only = onlyTarget(config);
  const checker = await openChecker(config.targets, context);
  try {
    let result: CheckResult | undefined;
    for (let index = 0; index < times; index++) {
      result = await checker.check(only, new AbortController().signal);
      await settlePromises();
    }
    return result!;
  } finally {
    checker.close();
  }
}

/** Starts a check in virtual time, which the test moves on. */
export async function startCheck(target: Record<string, unknown>): Promise<RunningCheck> {
  const config = httpCheckConfig.parse({ targets: [target] });
  const context = testContext({ id: "http_check", kind: "receiver" });
  const only = onlyTarget(config);
  const checker = await openChecker(config.targets, context);
  const stop = new AbortController();
  const result = checker.check(only, stop.signal).finally(() => checker.close());
  return { context, result, stop };
}

function onlyTarget(config: HttpCheckConfig): Target {
  const [target] = targetsOf(config);
  if (target === undefined) throw new Error("there is no target");
  return target;
}
