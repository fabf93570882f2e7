import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeAlerts } from "@tidemark/alerting";
import { sampleAlert } from "@tidemark/alerting/testing";
import { PipelineError } from "@tidemark/core";
import { testContext } from "@tidemark/core/testing";
import type { LogBatch } from "@tidemark/otlp";
import { logs } from "@tidemark/otlp/testing";
import { afterEach, describe, expect, it } from "vitest";
import { webhookConfig } from "./config.ts";
import { labelName, payloadOf, rfc3339Nano } from "./payload.ts";
import type { Payload } from "./payload.ts";
import { WebhookExporter } from "./webhook-exporter.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function peer(answer: (response: ServerResponse) => void) {
  const requests: { url: string; headers: IncomingHttpHeaders; payload: Payload }[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({
        url: request.url ?? "",
        headers: request.headers,
        payload: JSON.parse(Buffer.concat(chunks).toString("utf8")) as Payload,
      });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { requests, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=s3cr3t` };
}

async function exporter(url: string, yaml: Record<string, unknown> = {}) {
  const context = testContext({ id: "webhook/ops", kind: "exporter" });
  const made = new WebhookExporter(webhookConfig.parse({ url, ...yaml }), context);
  await made.start();
  closers.push(() => Promise.resolve(made.shutdown()));
  const send = (batch: LogBatch, signal: AbortSignal = new AbortController().signal): Promise<void> =>
    made.send(batch, { signal, rejected: () => undefined });
  return { context, send };
}

const ok = (response: ServerResponse): void => void response.writeHead(200).end();
const firing = sampleAlert();
const resolved = sampleAlert({ status: "resolved", endsAt: 1_760_000_060_250_000_000n, fingerprint: "00000000000000aa" });

describe("the payload", () => {
  it("is Alertmanager's version 4 with the evidence as annotations", async () => {
    const payload = payloadOf([firing, resolved], {
      receiver: "webhook/ops",
      externalUrl: "https://tidemark.example",
      traceUrl: "https://jaeger.example/trace/{trace_id}",
    });
    await expect(`${JSON.stringify(payload, null, 2)}\n`).toMatchFileSnapshot("testdata/payload.json");
  });

  it("fires when any alert fires, and ends what has ended", () => {
    const options = { receiver: "r", externalUrl: "", traceUrl: undefined };
    expect(payloadOf([resolved, firing], options).status).toBe("firing");
    expect(payloadOf([resolved], options)).toMatchObject({
      status: "resolved",
      alerts: [{ endsAt: "2025-10-09T08:54:20.25Z", generatorURL: "" }],
    });
  });

  it("carries no evidence in labels", () => {
    const [alert] = payloadOf([firing], { receiver: "r", externalUrl: "", traceUrl: undefined }).alerts;
    expect(alert?.labels).toEqual({ alertname: "delivery latency", severity: "warning", service_name: "chat-gateway", chat_type: "group" });
    expect(alert?.annotations).toMatchObject({
      trace_id: firing.evidence.traceId,
      span_id: firing.evidence.spanId,
      room_id: "room-42",
      user_agent: "ChatApp/5.1 (iPhone; iOS 19.1)",
      value: "812.4",
      threshold: "152.25",
      baggage_tenant_id: "t-7",
    });
  });

  it.each([
    ["service.name", "service_name"],
    ["2xx", "_2xx"],
    ["群", "_"],
  ])("names label %s %s", (key, name) => expect(labelName(key)).toBe(name));

  it("writes times as Go does", () => {
    expect([1_760_000_000_000_000_000n, 1_760_000_000_000_000_001n, 1_760_000_000_120_000_000n].map(rfc3339Nano)).toEqual([
      "2025-10-09T08:53:20Z",
      "2025-10-09T08:53:20.000000001Z",
      "2025-10-09T08:53:20.12Z",
    ]);
  });
});

describe("webhook", () => {
  it("posts a batch as one request", async () => {
    const { requests, url } = await peer(ok);
    const { send } = await exporter(url, { headers: { authorization: "Bearer t" } });
    await send(encodeAlerts([firing, resolved], 1_760_000_000_000));
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      url: "/hook?token=s3cr3t",
      headers: { "content-type": "application/json; charset=utf-8", authorization: "Bearer t" },
      payload: {
        version: "4",
        receiver: "webhook/ops",
        alerts: [{ status: "firing" }, { status: "resolved", fingerprint: "00000000000000aa" }],
      },
    });
  });

  it("splits at max_alerts and loses none", async () => {
    const { requests, url } = await peer(ok);
    const { send } = await exporter(url, { max_alerts: 2 });
    await send(encodeAlerts([firing, firing, firing, firing, resolved], 0));
    expect(requests.map(({ payload }) => payload.alerts.length)).toEqual([2, 2, 1]);
  });

  it("keeps labels of any name", () => {
    const odd = sampleAlert({
      labels: Object.fromEntries([
        ["__proto__", "p"],
        ["constructor", "c"],
        ["a.b", "1"],
        ["a_b", "2"],
      ]),
    });
    const { labels } = payloadOf([odd], { receiver: "r", externalUrl: "", traceUrl: undefined }).alerts[0] ?? {};
    expect(Object.entries(labels ?? {})).toEqual(
      expect.arrayContaining([
        ["__proto__", "p"],
        ["constructor", "c"],
        ["a_b", "1;2"],
      ]) as unknown,
    );
  });

  it("shows a log record that is no alert as a notice", async () => {
    const { requests, url } = await peer(ok);
    const { send } = await exporter(url);
    await send(
      logs({
        resource: { "service.name": "chat" },
        records: [{ body: "disk full", severityNumber: 17, severityText: "ERROR", traceId: firing.evidence.traceId }],
      }),
    );
    expect(requests[0]?.payload.alerts[0]).toMatchObject({
      status: "firing",
      labels: { alertname: "log", severity: "high", service_name: "chat" },
      annotations: { summary: "disk full", severity_text: "ERROR", trace_id: firing.evidence.traceId },
    });
  });

  it.each([
    [429, { "retry-after": "7" }, { code: "resource_exhausted", retryable: true, retryAfterMs: 7000 }],
    [500, {}, { code: "unavailable", retryable: true, retryAfterMs: undefined }],
    [503, { "retry-after": "30" }, { code: "unavailable", retryable: true, retryAfterMs: 30_000 }],
    [408, {}, { code: "unavailable", retryable: true }],
    [400, {}, { code: "invalid_argument", retryable: false }],
    [401, {}, { code: "unauthenticated", retryable: false }],
    [404, {}, { code: "unimplemented", retryable: false }],
    [301, { location: "/elsewhere" }, { code: "invalid_argument", retryable: false }],
  ])("classifies HTTP %i", async (status, headers, expected) => {
    const { url } = await peer((response) => response.writeHead(status, headers).end("no /hook?token=s3cr3t\nhere"));
    const { send } = await exporter(url);
    const error = await send(encodeAlerts([firing], 0)).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject(expected);
    expect((error as Error).message).toMatch(new RegExp(`answered HTTP ${status}: no \\*\\*\\* here`));
  });

  it("tries again later when nobody answers, and tells no secret", async () => {
    const { url, server } = await peer(ok);
    const { send } = await exporter(url);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const error = (await send(encodeAlerts([firing], 0)).catch((caught: unknown) => caught)) as PipelineError;
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(`${error.message} ${String(error.cause)}`).not.toContain("s3cr3t");
  });

  it("stops when its time is up", async () => {
    const { url } = await peer(() => undefined);
    const { send } = await exporter(url);
    const limit = new AbortController();
    const sent = send(encodeAlerts([firing], 0), limit.signal);
    limit.abort(new Error("time is up"));
    await expect(sent).rejects.toThrow("time is up");
  });
});
