import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type AddressInfo } from "node:net";
import { connect as connectTls } from "node:tls";
import type { LoggedLine } from "@tidemark/core/testing";
import { freePort, testContext } from "@tidemark/core/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { jsonPage, PageServer } from "../../pages/page-server.ts";
import { openReceiver } from "../../receivers/otlp/testing/receiver-rig.ts";
import { serverTlsField } from "./tls-fields.ts";

const file = (name: string): string => new URL(`testdata/${name}`, import.meta.url).pathname;
const TLS = { cert_file: file("cert.pem"), key_file: file("key.pem") };
const REASON = "Client sent an HTTP request to an HTTPS server. This port speaks TLS: use https://";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Port {
  readonly port: number;
  readonly endpoint: string;
  readonly lines: readonly LoggedLine[];
  advance(ms: number): Promise<void>;
}

async function otlp(protocol: "http" | "grpc", tls?: object): Promise<Port> {
  const rig = await openReceiver({ [protocol]: { tls } });
  cleanups.push(() => rig.receiver.shutdown(AbortSignal.abort()));
  const { clock, lines } = rig.context;
  return { port: rig[protocol], endpoint: "127.0.0.1:0", lines, advance: (ms) => clock.advance(ms) };
}

async function page(tls?: object): Promise<Port> {
  const { clock, log, lines } = testContext();
  const port = await freePort();
  const endpoint = `127.0.0.1:${port}`;
  const server = new PageServer({
    endpoint,
    tls: tls === undefined ? undefined : serverTlsField.parse(tls),
    clock,
    log,
    answer: () => jsonPage(200, {}),
  });
  await server.start();
  cleanups.push(() => server.close());
  return { port, endpoint, lines, advance: (ms) => clock.advance(ms) };
}

const OPEN: Readonly<Record<string, (tls?: object) => Promise<Port>>> = {
  "the HTTP port of otlp": (tls) => otlp("http", tls),
  "the gRPC port of otlp": (tls) => otlp("grpc", tls),
  "a page": page,
};

/** Everything that comes back to what is said, in pieces, until the other side ends. */
async function saying(port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  for (const piece of pieces) socket.write(piece);
  await once(socket, "close");
  return answer;
}

/** A port that leads to another one, and lets the first bytes through one in each turn of the event loop. */
async function slowRelay(port: number): Promise<number> {
  const relay = createServer((client) => {
    const server = connect({ port, host: "127.0.0.1", noDelay: true });
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.once("data", (hello: Buffer) => {
      client.pause();
      const step = (at: number): void => {
        server.write(at < 3 ? hello.subarray(at, at + 1) : hello.subarray(at));
        if (at < 3) setImmediate(step, at + 1);
        else client.pipe(server);
      };
      step(0);
    });
    server.pipe(client);
    cleanups.push(() => server.destroy());
  });
  cleanups.push(() => relay.close());
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return (relay.address() as AddressInfo).port;
}

const warnings = ({ lines }: Port): readonly LoggedLine[] => lines.filter(({ level }) => level === "warn");

describe.each(Object.keys(OPEN))("%s", (name) => {
  const open = OPEN[name]!;

  it("tells a client of plain HTTP that it speaks TLS, and its owner once a minute", async () => {
    const server = await open({ ...TLS });
    for (let time = 0; time < 3; time++) {
      expect(await saying(server.port, "POST /v1/traces HTTP/1.1\r\n", "host: x\r\ncontent-length: 10\r\n\r\n")).toBe(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${REASON.length + 1}\r\nconnection: close\r\n\r\n${REASON}\n`,
      );
    }
    const line = {
      level: "warn",
      message: "A client speaks plain HTTP to a port with TLS.",
      fields: {
        endpoint: server.endpoint,
        client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        times_since_the_last_line: undefined as number | undefined,
        fix: "use https:// (insecure: false) in the client, or take tls out of the endpoint",
      },
    };
    expect(warnings(server)).toEqual([line]);
    await server.advance(60_000);
    await saying(server.port, "GET / HTTP/1.1\r\n\r\n");
    expect(warnings(server)).toEqual([line, { ...line, fields: { ...line.fields, times_since_the_last_line: 2 } }]);
  });

  it("tells a client of plain HTTP/2 why it is sent away", async () => {
    const { port } = await open({ ...TLS });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on("error", () => undefined);
    const [code, , data] = (await once(session, "goaway")) as [number, number, Buffer];
    expect([code, data.toString()]).toEqual([0xc, REASON]);
    session.destroy();
  });

  it("lets clients of TLS in, also when their first bytes come one by one", async () => {
    const { port } = await open({ ...TLS });
    const socket = connectTls({ port: await slowRelay(port), rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] });
    await once(socket, "secureConnect");
    socket.destroy();
  });

  it("tells its owner that a client speaks TLS where there is none", async () => {
    const server = await open();
    const socket = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ERR_SSL_WRONG_VERSION_NUMBER");
    // On the gRPC port the server speaks first: the client may have gone before its own words have come.
    await vi.waitFor(() => expect(warnings(server)).not.toEqual([]));
    expect(warnings(server)).toMatchObject([
      {
        message: "A client speaks TLS to a port without TLS.",
        fields: {
          client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
          fix: "use http:// (insecure: true) in the client, or set tls at the endpoint",
        },
      },
    ]);
  });
});
