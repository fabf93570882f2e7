import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@tidemark/core/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startCli, type CliProcess } from "../testing/cli-process.ts";

const SPANS = {
  resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "send" }] }] }],
};

const running: CliProcess[] = [];
const taken: Server[] = [];
afterEach(async () => {
  for (const { child, result } of running.splice(0)) {
    child.kill("SIGKILL");
    await result;
  }
  for (const server of taken.splice(0)) server.close();
});

function start(args: readonly string[], env: Readonly<Record<string, string>>): CliProcess {
  const cli = startCli(args, env);
  running.push(cli);
  return cli;
}

async function takenPort(): Promise<string> {
  const server = createServer();
  taken.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return String((server.address() as AddressInfo).port);
}

async function post(port: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(SPANS),
  });
  await response.arrayBuffer();
  return response.status;
}

describe("tidemark run", () => {
  it("takes data until SIGTERM, and then accounts for every item", async () => {
    const env = { HTTP_PORT: String(await freePort()), HEALTH_PORT: String(await freePort()) };
    const cli = start(["run", "good.yaml"], env);
    await cli.seen(/is ready after/);
    expect((await fetch(`http://127.0.0.1:${env.HEALTH_PORT}/`)).status).toBe(200);
    expect(await post(env.HTTP_PORT)).toBe(200);
    cli.child.kill("SIGTERM");
    const { code, stdout, stderr } = await cli.result;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const summary = stderr.slice(stderr.indexOf("Tidemark "), stderr.indexOf("\n20", stderr.indexOf("Tidemark ")));
    expect(
      summary
        .replace(/after [\d.]+ s/, "after N s")
        .replaceAll(env.HTTP_PORT, "HTTP")
        .replaceAll(env.HEALTH_PORT, "HEALTH"),
    ).toBe(
      [
        "Tidemark 0.1.0 is ready after N s.",
        "  traces       otlp → batch → forward/copy",
        "  traces/copy  forward/copy → debug",
        "  listening    otlp http 127.0.0.1:HTTP",
        "  health       http://127.0.0.1:HEALTH/",
      ].join("\n"),
    );
    expect(stderr).toMatch(/ info {2}Stopping: no new data is taken, what is held flows out\. signal=SIGTERM held=\d+\n/);
    expect(stderr).toMatch(/ info {2}Stopped\. received=1 alerts=0 delivered=1 refused=0 failed=0\n$/);
  });

  it("gives up at a second signal, says what was lost, and ends with 1", async () => {
    const env = { HTTP_PORT: String(await freePort()), DEAD_PORT: String(await freePort()) };
    const cli = start(["--config", "unreachable.yaml", "--shutdown-timeout", "1h"], env);
    await cli.seen(/Everything is ready/);
    expect(await post(env.HTTP_PORT)).toBe(200);
    // Two at once, as from a terminal and from what passes its signals on: that is one wish, and what is held still gets its time.
    cli.child.kill("SIGINT");
    cli.child.kill("SIGTERM");
    await cli.seen(/"msg":"Draining\.","held":1/);
    cli.child.kill("SIGTERM");
    const { code, stderr } = await cli.result;
    expect(code).toBe(1);
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ msg }) => msg === "Data was given up at shutdown.")).toMatchObject({ level: "error", items: 1 });
    expect(lines.at(-1)).toMatchObject({ msg: "Stopped.", received: 1, delivered: 0 });
  });

  it("counts what is left at the deadline as lost where it is in memory only", async () => {
    const env = { HTTP_PORT: String(await freePort()), DEAD_PORT: String(await freePort()) };
    const cli = start(["--config", "unreachable.yaml", "--shutdown-timeout", "200ms"], env);
    await cli.seen(/Everything is ready/);
    expect(await post(env.HTTP_PORT)).toBe(200);
    cli.child.kill("SIGTERM");
    const { code, stderr } = await cli.result;
    expect(code).toBe(1);
    expect(stderr).toMatch(/"msg":"Exporting failed\. Dropping data\.".*"dropped_items":1/);
    expect(stderr).toMatch(/"msg":"Data was given up at shutdown\.","items":1,"deadline":"200ms"/);
  });

  it("leaves it in the storage where there is one, and the next run sends it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-run-"));
    const env = { HTTP_PORT: String(await freePort()), DEAD_PORT: String(await freePort()), STORAGE: directory };
    const args = ["--config", "unreachable.yaml", "--config", "stored.yaml", "--shutdown-timeout", "200ms"];
    const first = start(args, env);
    await first.seen(/Everything is ready/);
    expect(await post(env.HTTP_PORT)).toBe(200);
    first.child.kill("SIGTERM");
    const { code, stderr } = await first.result;
    expect({ code, lost: stderr.includes("given up") }).toEqual({ code: 0, lost: false });
    expect(stderr).toMatch(/"msg":"What could not be sent is stored; the next run sends it\.","items":1/);
    let received = 0;
    const backEnd = createHttpServer((request, response) => {
      received += 1;
      request.resume().on("end", () => response.end());
    });
    taken.push(backEnd);
    await new Promise<void>((resolve) => backEnd.listen(Number(env.DEAD_PORT), "127.0.0.1", resolve));
    const second = start(args, env);
    await second.seen(/Sending what is left in the storage\./);
    await vi.waitFor(() => expect(received).toBe(1), 10_000);
    second.child.kill("SIGTERM");
    expect((await second.result).code).toBe(0);
    await rm(directory, { recursive: true, force: true });
  });

  it("ends with 1 when a port is in use, and names the endpoint", async () => {
    const env = { HTTP_PORT: await takenPort(), HEALTH_PORT: String(await freePort()) };
    const { code, stderr } = await start(["run", "good.yaml"], env).result;
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${env.HTTP_PORT}`);
    expect(stderr).not.toContain("    at ");
  });

  it("ends with 2 when the log cannot be written to where it should go", async () => {
    const args = ["run", "good.yaml", "--set", "service.telemetry.logs.output_paths=[none/x.log]"];
    const { code, stderr } = await start(args, {}).result;
    expect(code).toBe(2);
    expect(stderr).toContain("service::telemetry::logs::output_paths: cannot open none/x.log: ENOENT");
    expect(stderr).not.toContain("    at ");
  });

  it("ends with 2, and starts nothing, when the configuration is wrong", async () => {
    const { code, stderr } = await start(["run", "bad.yaml"], {}).result;
    expect(code).toBe(2);
    expect(stderr).toMatch(/\n3 errors\n$/);
  });
});
