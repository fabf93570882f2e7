import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { createServer, type AddressInfo, type Server } from "node:net";
import { promisify } from "node:util";
import { VirtualClock } from "@tidemark/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Connection } from "./connection.ts";
import { HuffmanDecoder } from "./huffman.ts";

const run = promisify(execFile);
const CURL = "/usr/bin/curl";
const H2LOAD = "/usr/bin/h2load";
const BODY = Buffer.alloc(300_000, "body ");

const connections: Connection[] = [];
let server: Server;
let port: number;

/** Answers each request with its path and the length of its body, after that body. */
beforeEach(async () => {
  const huffman = new HuffmanDecoder();
  server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, {
      maxConcurrentStreams: 100,
      streamWindow: 1 << 18,
      connectionWindow: 1 << 20,
      maxHeaderBytes: 64 << 10,
      huffman,
      clock: new VirtualClock(),
      onRequest: (stream, head) => {
        let length = 0;
        stream.listener = {
          onData(chunk) {
            length += chunk.length;
            return true;
          },
          onEnd: () => {
            stream.respond(
              [
                [":status", "200"],
                ["x-path", head[":path"] ?? ""],
              ],
              false,
            );
            stream.write(Buffer.from(`${head["x-user"] ?? "nobody"} ${length}`));
            stream.write(BODY);
            stream.end();
          },
          onClose: () => undefined,
        };
      },
      onPing: () => undefined,
      onFault: () => undefined,
      onDefect: () => undefined,
      onClose: () => undefined,
    });
    connections.push(connection);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(() => {
  for (const connection of connections.splice(0)) connection.destroy();
  server.close();
});

/** Resolves with the status and the length of the answer, or with the error. */
function call(session: ClientHttp2Session, length: number): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({ ":method": "POST", ":path": `/${length}`, "x-user": "ü".repeat(length % 50) });
    let status = 0;
    let bytes = 0;
    stream.on("response", (headers) => void (status = Number(headers[":status"])));
    stream.on("data", (chunk: Buffer) => void (bytes += chunk.length));
    stream.on("end", () => resolve(`${status} ${bytes > BODY.length}`));
    stream.on("error", (error) => resolve(error.message));
    stream.end(Buffer.alloc(length));
  });
}

describe("Node's client", () => {
  it.each([0, 200, 20_000, 4 << 20])("gets its answers through a window of %i bytes", async (initialWindowSize) => {
    const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize } });
    // Node does not open a window of 0 by itself.
    if (initialWindowSize === 0) session.once("remoteSettings", () => session.settings({ initialWindowSize: 1 << 16 }));
    const answers = await Promise.all([0, 1, 5000, 70_000, 1_000_000].map((length) => call(session, length)));
    expect(new Set(answers)).toEqual(new Set(["200 true"]));
    session.destroy();
  });

  it("loses nothing that it began when the connection is closed", async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => undefined);
    const answers: Promise<string>[] = [];
    for (let round = 0; round < 40 && !session.closed; round++) {
      for (let count = 0; count < 5; count++) answers.push(call(session, 2000));
      await new Promise((resolve) => setImmediate(resolve));
      if (round === 10) connections[0]?.close();
    }
    expect(answers.length).toBeGreaterThan(40);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["200 true"]));
    expect(session.closed).toBe(true);
  });
});

describe.skipIf(!existsSync(CURL))("curl", () => {
  it("gets its answer with prior knowledge", async () => {
    const url = `http://127.0.0.1:${port}/x`;
    const { stdout } = await run(CURL, ["-s", "--http2-prior-knowledge", "-d", "hello", "-w", " %{http_version} %{http_code}", url], {
      maxBuffer: 1 << 20,
    });
    expect([stdout.startsWith("nobody 5body"), stdout.endsWith(" 2 200")]).toEqual([true, true]);
  });
});

describe.skipIf(!existsSync(H2LOAD))("h2load", () => {
  it("gets hundreds of answers on a few connections", async () => {
    const { stdout } = await run(H2LOAD, ["-n", "300", "-c", "3", "-m", "50", "-w", "20", "-W", "22", `http://127.0.0.1:${port}/x`]);
    expect(stdout).toContain("300 succeeded, 0 failed, 0 errored");
  });
});
