import { testContext, type TestContext } from "@tidemark/core/testing";
import type { Exporter } from "@tidemark/core";
import { openBatch } from "@tidemark/otlp";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createSecureServer, type ServerHttp2Session } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { otlpGrpcExporterConfig } from "../../exporters/otlp_grpc/config.ts";
import { OtlpGrpcExporter } from "../../exporters/otlp_grpc/otlp-grpc-exporter.ts";
import { otlpHttpExporterConfig } from "../../exporters/otlp_http/config.ts";
import { OtlpHttpExporter } from "../../exporters/otlp_http/otlp-http-exporter.ts";
import { grpcSuccess } from "../testing/fake-backend.ts";
import { exportRequest } from "../testing/otlp-bytes.ts";
import { sendOnce } from "../testing/send-once.ts";

const HOUR = 3_600_000;
const BATCH = openBatch("traces", exportRequest("traces", 3));
const given = (name: string): string => new URL(`testdata/${name}`, import.meta.url).pathname;
const fingerprint = (name: string): string => new X509Certificate(readFileSync(given(name))).fingerprint256;
const server = { cert: readFileSync(given("cert.pem")), key: readFileSync(given("key.pem")), requestCert: true, rejectUnauthorized: false };

/** Certificates that clients have shown, one for each request. */
let shown: string[];
let folder: string;
let context: TestContext;
let exporter: Exporter;
let closers: (() => void)[];

const file = (name: string): string => join(folder, name);
const note = (socket: TLSSocket): void => void shown.push(socket.getPeerX509Certificate()?.fingerprint256 ?? "none");

beforeEach(async () => {
  shown = [];
  closers = [];
  folder = await mkdtemp(join(tmpdir(), "tidemark-client-tls-"));
  await copyFile(given("cert.pem"), file("cert.pem"));
  await copyFile(given("key.pem"), file("key.pem"));
  context = testContext({ id: "exporter", kind: "exporter" });
});
afterEach(async () => {
  await exporter.shutdown?.(AbortSignal.abort());
  for (const close of closers) close();
  await rm(folder, { recursive: true });
});

const tls = (): object => ({
  ca_file: given("cert.pem"),
  cert_file: file("cert.pem"),
  key_file: file("key.pem"),
  reload_interval: "1h",
});

/** Starts a server and an exporter to it; the result ends the connections that are open. */
async function openGrpc(): Promise<() => void> {
  const sessions = new Set<ServerHttp2Session>();
  const listener = createSecureServer(server);
  listener.on("session", (session) => sessions.add(session));
  listener.on("stream", (stream) => {
    note(stream.session?.socket as TLSSocket);
    stream.resume();
    stream.on("end", () => grpcSuccess(stream));
  });
  const port = await new Promise<number>((resolve) => listener.listen(0, () => resolve((listener.address() as AddressInfo).port)));
  const end = (): void => sessions.forEach((session) => session.destroy());
  closers.push(() => listener.close(), end);
  const config = otlpGrpcExporterConfig.parse({ endpoint: `https://localhost:${port}`, tls: tls() });
  const own = new OtlpGrpcExporter(config, context, () => Promise.resolve([]));
  await own.start();
  exporter = own;
  return end;
}

async function openHttp(): Promise<() => void> {
  const listener = createServer(server, (request, response) => {
    note(request.socket as TLSSocket);
    request.resume();
    request.on("end", () => response.end());
  });
  const port = await new Promise<number>((resolve) => listener.listen(0, () => resolve((listener.address() as AddressInfo).port)));
  closers.push(
    () => listener.close(),
    () => listener.closeAllConnections(),
  );
  const own = new OtlpHttpExporter(otlpHttpExporterConfig.parse({ endpoint: `https://localhost:${port}`, tls: tls() }), context);
  await own.start();
  exporter = own;
  return () => undefined;
}

describe.each([
  ["otlp_grpc", openGrpc],
  ["otlp_http", openHttp],
])("the certificate of %s", (_name, open) => {
  it("is read again after reload_interval, for new connections", async () => {
    const endConnections = await open();
    expect(await sendOnce(exporter, BATCH)).toEqual({ rejected: 0, message: "" });
    await copyFile(given("other-cert.pem"), file("cert.pem"));
    await copyFile(given("other-key.pem"), file("key.pem"));
    await context.clock.advance(HOUR);
    await vi.waitFor(() => expect(context.lines.map(({ level }) => level)).toEqual(["info"]));
    endConnections();
    await vi.waitFor(async () => expect((await sendOnce(exporter, BATCH)).error).toBeUndefined());
    expect(shown).toEqual([fingerprint("cert.pem"), fingerprint("other-cert.pem")]);
  });
});
