import { recordingLogger, VirtualClock, type LoggedLine } from "@tidemark/core/testing";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openReceiver, type ReceiverRig } from "../../receivers/otlp/testing/receiver-rig.ts";
import { http2Send } from "../testing/http2-client.ts";
import { exportRequest } from "../testing/otlp-bytes.ts";
import { clientTlsField, serverTlsField } from "./tls-fields.ts";
import { TlsSource } from "./tls-source.ts";

const HOUR = 3_600_000;
const given = (name: string): string => new URL(`testdata/${name}`, import.meta.url).pathname;
const fingerprint = (name: string): string => new X509Certificate(readFileSync(given(name))).fingerprint256;
const FIRST = fingerprint("cert.pem");
const SECOND = fingerprint("other-cert.pem");
const trusted = { ca: [readFileSync(given("cert.pem")), readFileSync(given("other-cert.pem"))] };

let folder: string;
let rig: ReceiverRig | undefined;
const file = (name: string): string => join(folder, name);
const put = (from: string, to: string): Promise<void> => copyFile(given(from), file(to));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-tls-"));
  await put("cert.pem", "cert.pem");
  await put("key.pem", "key.pem");
  await put("cert.pem", "ca.pem");
});
afterEach(async () => {
  await rig?.receiver.shutdown(AbortSignal.abort());
  rig = undefined;
  await rm(folder, { recursive: true });
});

const files = (): object => ({ cert_file: file("cert.pem"), key_file: file("key.pem") });

function open(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "localhost", ...trusted, ...options }, () => resolve(socket));
    socket.on("error", reject);
  });
}

async function presented(port: number): Promise<string> {
  const socket = await open(port);
  const fingerprint256 = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return fingerprint256 ?? "none";
}

const logged = (level: LoggedLine["level"]): string[] =>
  (rig?.context.lines ?? [])
    .filter((line) => line.level === level && line.message.startsWith("Certificates"))
    .map(({ fields }) => String(fields["error"]));

describe.each(["grpc", "http"] as const)("certificates of the %s server", (protocol) => {
  const start = async (tls: object): Promise<number> => {
    rig = await openReceiver({ [protocol]: { tls } });
    return rig[protocol];
  };

  it("are read again after reload_interval, for new connections", async () => {
    const port = await start({ ...files(), reload_interval: "1h" });
    const before = await open(port);
    await put("other-cert.pem", "cert.pem");
    await put("other-key.pem", "key.pem");
    await rig?.context.clock.advance(HOUR - 1);
    expect(await presented(port)).toBe(FIRST);
    await rig?.context.clock.advance(1);
    await vi.waitFor(() => expect(logged("info").length).toBe(1));
    expect([await presented(port), before.destroyed]).toEqual([SECOND, false]);
    before.destroy();
  });

  it("stay when the new files are broken or do not fit, which is said once, and change when they are mended", async () => {
    const port = await start({ ...files(), reload_interval: "1h" });
    await put("other-cert.pem", "cert.pem");
    await rig?.context.clock.advance(HOUR);
    await vi.waitFor(() => expect(logged("warn")).toEqual([expect.stringMatching(/key values mismatch/) as string]));
    await rig?.context.clock.advance(HOUR);
    for (const [content, fault] of [
      ["no key", /PEM|no start line|unsupported/i],
      ["", /^tls\.key_file: cannot read .*: the file is empty; name a PEM file that this user may read$/],
    ] as const) {
      await writeFile(file("key.pem"), content);
      await vi.waitFor(async () => {
        await rig?.context.clock.advance(HOUR);
        expect(logged("warn").at(-1)).toMatch(fault);
      });
    }
    expect(await presented(port)).toBe(FIRST);
    await put("other-key.pem", "key.pem");
    await vi.waitFor(async () => {
      await rig?.context.clock.advance(HOUR);
      expect(await presented(port)).toBe(SECOND);
    });
  });

  it("are not read again without reload_interval", async () => {
    const port = await start(files());
    await put("other-cert.pem", "cert.pem");
    await put("other-key.pem", "key.pem");
    await rig?.context.clock.advance(100 * HOUR);
    expect(await presented(port)).toBe(FIRST);
  });

  it("of clients: client_ca_file is read again alone", async () => {
    const port = await start({ ...files(), client_ca_file: file("ca.pem"), client_ca_file_reload: true });
    const other = {
      cert: readFileSync(given("other-cert.pem")),
      key: readFileSync(given("other-key.pem")),
      maxVersion: "TLSv1.2",
    } as const;
    await expect(open(port, other)).rejects.toThrow();
    await put("other-cert.pem", "ca.pem");
    await put("other-cert.pem", "cert.pem");
    await put("other-key.pem", "key.pem");
    await rig?.context.clock.advance(10_000);
    await vi.waitFor(() => expect(logged("info").length).toBe(1));
    const socket = await open(port, other);
    expect(socket.getPeerX509Certificate()?.fingerprint256).toBe(FIRST);
    socket.destroy();
  });
});

describe("the client side", () => {
  it("gives new connections what its files have now", async () => {
    const clock = new VirtualClock();
    const lines: LoggedLine[] = [];
    const source = await TlsSource.client(clientTlsField.parse({ ca_file: file("ca.pem"), reload_interval: "1h" }), {
      clock,
      log: recordingLogger(lines),
    });
    await put("other-cert.pem", "ca.pem");
    await clock.advance(HOUR);
    await vi.waitFor(() => expect(source.current.ca).toBe(readFileSync(given("other-cert.pem"), "utf8")));
    source.close();
    await put("cert.pem", "ca.pem");
    await clock.advance(10 * HOUR);
    expect([lines.length, source.current.ca]).toEqual([1, readFileSync(given("other-cert.pem"), "utf8")]);
  });
});

describe("TLS on the HTTP port", () => {
  it("speaks HTTP/2 with clients that choose it in the handshake, and HTTP/1.1 with the others", async () => {
    rig = await openReceiver({ http: { tls: files() } });
    const chosen = async (ALPNProtocols: string[]): Promise<string | false | null> => {
      const socket = await open(rig?.http ?? 0, { ALPNProtocols });
      socket.destroy();
      return socket.alpnProtocol;
    };
    expect([await chosen(["h2", "http/1.1"]), await chosen(["http/1.1"]), await chosen([])]).toEqual(["h2", "http/1.1", false]);
    const request = { headers: { "content-type": "application/x-protobuf" }, body: exportRequest("traces", 3) };
    const reply = await http2Send(`https://localhost:${rig.http}`, request, { ...trusted });
    expect([reply.status, rig.deliveries[0]?.batch.itemCount]).toEqual([200, 3]);
  });

  it("says goodbye to HTTP/2 clients at shutdown", async () => {
    rig = await openReceiver({ http: { tls: files() } });
    const session = connectHttp2(`https://localhost:${rig.http}`, { ...trusted });
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const bye = new Promise((resolve) => session.once("goaway", resolve));
    await rig.receiver.shutdown(AbortSignal.timeout(5000));
    expect(await bye).toBe(0);
  });
});

it("reload_interval is a duration on both sides", () => {
  expect([serverTlsField.parse({ ...files(), reload_interval: "1h" }).reload_interval, clientTlsField.parse({}).reload_interval]).toEqual([
    HOUR,
    0,
  ]);
});
