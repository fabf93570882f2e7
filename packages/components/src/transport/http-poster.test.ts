import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Worker } from "node:worker_threads";
import { HttpAgents, HttpPoster, type HttpAnswer } from "./http-poster.ts";

/** In a thread of its own, so that it can answer while this one is busy. It answers with how many connections there have been. */
const SERVER = `
  const { createServer } = require("node:http");
  const { parentPort, workerData: answers } = require("node:worker_threads");
  let connections = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end(String(connections)));
    response.on("finish", () => {
      Atomics.add(answers, 0, 1);
      Atomics.notify(answers, 0);
    });
  });
  server.on("connection", () => (connections += 1));
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;
const PIECE = Buffer.alloc(4 << 20);
/** Long enough for the server to answer, once it has everything. */
const PATIENCE = 50;

it("uses a connection again on which the answer came in together with the news that the body is out", async () => {
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const server = new Worker(SERVER, { eval: true, workerData: answers });
  const [port] = (await once(server, "message")) as [number];
  const agents = new HttpAgents({});
  const poster = new HttpPoster(`http://127.0.0.1:${port}/`, {}, agents);
  const post = (): Promise<HttpAnswer> =>
    poster.post({ chunks: [PIECE, PIECE], length: 2 * PIECE.length, encoding: "", readers: 0 }, new AbortController().signal);
  let isAnswered = false;
  const first = post().finally(() => (isAnswered = true));
  // In each turn this thread sleeps until the answer is there: in the last one that finds the body gone as well.
  while (!isAnswered) {
    Atomics.wait(answers, 0, 0, PATIENCE);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await first;
  expect((await post()).body.toString()).toBe("1");
  agents.close();
  await server.terminate();
});

it("gives up in time behind a proxy that makes no way", async () => {
  const proxy = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const proxyEnv = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  const agents = new HttpAgents({}, { keepAlive: true, proxyEnv });
  const poster = new HttpPoster("https://far.example.com/", {}, agents);
  const timeout = new AbortController();
  const sent = poster.post({ chunks: [Buffer.from("x")], length: 1, encoding: "", readers: 0 }, timeout.signal);
  await once(proxy, "connection");
  timeout.abort(new Error("no answer in time"));
  await expect(sent).rejects.toThrow("no answer in time");
  agents.close();
  proxy.close();
});
