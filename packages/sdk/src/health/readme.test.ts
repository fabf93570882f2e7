import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { freePort } from "@tidemark/core/testing";
import { batchFromJson } from "@tidemark/otlp";
import { afterEach, expect, it } from "vitest";

const servers: Server[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Answers every POST with `{}`, and hands its body on. */
async function receive(take: (body: Buffer) => void): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      take(Buffer.concat(chunks));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function statuses(body: Buffer): string[] {
  const found: string[] = [];
  const cursor = batchFromJson("metrics", body).items();
  while (cursor.next())
    if (cursor.metric.name === "health.status") found.push((cursor.attributes.get("check") as string | undefined) ?? "whole");
  return found.toSorted();
}

it("the example of the README runs as it stands: page, metrics and end", async () => {
  const exported = Promise.withResolvers<string[]>();
  const endpoint = await receive((body) => {
    const found = statuses(body);
    // Checks without a result have no point yet.
    if (found.length === 3) exported.resolve(found);
  });
  const gateway = await receive(() => {});
  const folder = new URL("../..", import.meta.url);
  const readme = await readFile(new URL("README.md", folder), "utf8");
  const port = await freePort();
  const code = (/## Health[^]*?```js\n([^]*?)```/.exec(readme)?.[1] ?? "")
    .replace('endpoint: "http://localhost:4318"', `endpoint: "${endpoint}", metricIntervalMs: 100`)
    .replace("http://localhost:9000", gateway)
    .replace("8080", String(port));
  expect(code).toContain(`listen(${port})`);
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { cwd: fileURLToPath(folder), stdio: "inherit" });
  children.push(child);
  expect(await exported.promise).toEqual(["payment_gateway", "stock_cache_hit_rate", "whole"]);
  const response = await fetch(`http://localhost:${port}/health`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    service: "shop",
    status: "UP",
    details: { checks: { payment_gateway: { status: "UP" }, stock_cache_hit_rate: { status: "UP", value: 0.93 } } },
  });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});
