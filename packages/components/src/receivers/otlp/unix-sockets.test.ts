import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { framed, grpcCall } from "../../transport/testing/grpc-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const SPANS = exportRequest("traces", 3);

let folder: string;
let rig: ReceiverRig | undefined;
const path = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-unix-"));
});
afterEach(async () => {
  await rig?.receiver.shutdown(AbortSignal.abort());
  rig = undefined;
  await rm(folder, { recursive: true });
});

async function open(): Promise<ReceiverRig> {
  const [grpc, http] = ["grpc.sock", "http.sock"].map((name) => ({ endpoint: path(name), transport: "unix" }));
  rig = await openReceiver({ grpc: grpc ?? {}, http: http ?? {} });
  return rig;
}

function post(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf", "content-length": SPANS.length };
    const call = request({ socketPath: path("http.sock"), path: "/v1/traces", method: "POST", headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on("error", reject);
    call.end(SPANS);
  });
}

describe("Unix sockets", () => {
  it("carry both protocols, and HTTP in both versions", async () => {
    const { deliveries } = await open();
    expect(await post()).toBe(200);
    for (const name of ["grpc.sock", "http.sock"]) {
      const session = connectHttp2("http://localhost", { createConnection: () => connect(path(name)) });
      const headers = name === "grpc.sock" ? {} : { ":path": "/v1/traces", "content-type": "application/x-protobuf" };
      const reply = await grpcCall(session, headers, [name === "grpc.sock" ? framed(SPANS) : SPANS]);
      session.destroy();
      expect(reply.http).toBe(200);
    }
    expect(deliveries.map(({ batch }) => batch.itemCount)).toEqual([3, 3, 3]);
    expect(deliveries.every(({ context }) => context.clientAddress === undefined)).toBe(true);
  });

  it("belong to the user who runs the collector, and go away with it", async () => {
    const { receiver } = await open();
    // What others may do follows from the umask; connecting needs the right to write.
    expect(statSync(path("http.sock")).mode & 0o002).toBe(0);
    await receiver.shutdown(AbortSignal.timeout(1000));
    expect(existsSync(path("http.sock"))).toBe(false);
  });

  it("that a dead process has left are taken over", async () => {
    const leave = `require("node:net").createServer().listen(${JSON.stringify(path("http.sock"))}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", leave]);
    expect(statSync(path("http.sock")).isSocket()).toBe(true);
    await open();
    expect(await post()).toBe(200);
  });

  it("on which somebody listens are left alone, and named", async () => {
    await open();
    await expect(openReceiver({ http: { endpoint: path("http.sock"), transport: "unix" } })).rejects.toThrow(
      new RegExp(`^cannot listen on ${path("http.sock")}: .*EADDRINUSE.*; stop the program that uses it or choose another endpoint$`),
    );
    expect(await post()).toBe(200);
  });

  it("never replace a file of another kind", async () => {
    await writeFile(path("http.sock"), "precious");
    await expect(open()).rejects.toThrow("EADDRINUSE");
    expect(await readFile(path("http.sock"), "utf8")).toBe("precious");
  });
});
