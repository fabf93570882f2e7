import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { framed, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig, type RigOptions } from "./testing/receiver-rig.ts";

const PROTO = { "content-type": "application/x-protobuf" };
const SPANS = exportRequest("traces", 3);

async function withReceiver(options: RigOptions, run: (rig: ReceiverRig) => Promise<void>): Promise<void> {
  const rig = await openReceiver(options);
  try {
    await run(rig);
  } finally {
    await rig.receiver.shutdown(AbortSignal.abort());
  }
}

describe("shutdown", () => {
  it("answers open requests of both protocols, then takes nothing more", async () => {
    await withReceiver({}, async (rig) => {
      rig.outcome = undefined;
      const session = grpcConnect(rig.grpc);
      const goaway = once(session, "goaway");
      const call = grpcCall(session, {}, [framed(SPANS)]);
      const reply = httpSend(rig.http, { headers: PROTO, body: SPANS });
      await vi.waitFor(() => expect(rig.deliveries.length).toBe(2));
      const down = rig.receiver.shutdown(AbortSignal.timeout(5000));
      await goaway;
      for (const { settlement } of rig.deliveries) settlement.settle({ kind: "delivered" });
      expect((await call).code).toBe(0);
      const answer = await reply;
      expect([answer.status, answer.headers.connection]).toEqual([200, "close"]);
      await down;
      await expect(httpSend(rig.http, { headers: PROTO, body: SPANS })).rejects.toThrow("ECONNREFUSED");
      expect(rig.deliveries.length).toBe(2);
    });
  });

  it("cuts what is still open at the deadline; a later settlement does no harm", async () => {
    await withReceiver({}, async (rig) => {
      rig.outcome = undefined;
      const session = grpcConnect(rig.grpc);
      const call = grpcCall(session, {}, [framed(SPANS)]);
      const reply = httpSend(rig.http, { headers: PROTO, body: SPANS }).catch((error: NodeJS.ErrnoException) => error.code);
      await vi.waitFor(() => expect(rig.deliveries.length).toBe(2));
      await rig.receiver.shutdown(AbortSignal.timeout(50));
      expect((await call).code).toBe(-1);
      expect(await reply).toBe("ECONNRESET");
      for (const { settlement } of rig.deliveries) settlement.settle({ kind: "delivered" });
    });
  });

  it("works without start, and twice", async () => {
    await withReceiver({}, async (rig) => {
      await rig.receiver.shutdown(AbortSignal.timeout(1000));
      await rig.receiver.shutdown(AbortSignal.timeout(1000));
    });
  });
});

describe("start", () => {
  it("names the endpoint that is taken and leaves nothing open", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    await expect(openReceiver({ http: { endpoint: `127.0.0.1:${port}` } })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: `);
    taken.close();
  });
});

describe("include_metadata", () => {
  it("keeps request headers of both protocols in lower case", async () => {
    await withReceiver({ grpc: { include_metadata: true }, http: { include_metadata: true } }, async (rig) => {
      await httpSend(rig.http, { headers: { ...PROTO, "X-Tenant": "a" }, body: SPANS });
      const session = grpcConnect(rig.grpc);
      await grpcCall(session, { "x-tenant": "b" }, [framed(SPANS)]);
      session.destroy();
      expect(rig.deliveries.map(({ context }) => context.metadata?.get("x-tenant"))).toEqual([["a"], ["b"]]);
    });
  });

  it("is off by default", async () => {
    await withReceiver({}, async (rig) => {
      await httpSend(rig.http, { headers: PROTO, body: SPANS });
      expect(rig.deliveries[0]?.context.metadata).toBeUndefined();
      expect(rig.deliveries[0]?.context.receivedAt).toBe(rig.context.clock.now());
    });
  });
});

describe("CORS and response headers", () => {
  const cors = {
    allowed_origins: ["https://*.example.com"],
    allowed_headers: ["x-tenant"],
    exposed_headers: ["retry-after"],
    max_age: 600,
  };
  const preflight = (origin: string, headers: string): Record<string, string> => ({
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": headers,
  });

  it("answers the preflight of an allowed page and no other", async () => {
    await withReceiver({ http: { cors } }, async (rig) => {
      const good = await httpSend(rig.http, { method: "OPTIONS", headers: preflight("https://app.example.com", "content-type, X-Tenant") });
      expect([
        good.status,
        good.headers["access-control-allow-origin"],
        good.headers["access-control-allow-headers"],
        good.headers["access-control-max-age"],
      ]).toEqual([204, "https://app.example.com", "content-type, x-tenant", "600"]);
      const otherOrigin = await httpSend(rig.http, { method: "OPTIONS", headers: preflight("https://evil.example", "content-type") });
      expect(otherOrigin.headers["access-control-allow-origin"]).toBeUndefined();
      const otherHeader = await httpSend(rig.http, { method: "OPTIONS", headers: preflight("https://app.example.com", "x-secret") });
      expect(otherHeader.headers["access-control-allow-origin"]).toBeUndefined();
    });
  });

  it("puts the headers on every answer", async () => {
    await withReceiver({ http: { cors, response_headers: { "x-served-by": "edge" } } }, async (rig) => {
      const reply = await httpSend(rig.http, { headers: { ...PROTO, origin: "https://a.example.com" }, body: SPANS });
      expect([
        reply.status,
        reply.headers["access-control-allow-origin"],
        reply.headers["access-control-expose-headers"],
        reply.headers["x-served-by"],
      ]).toEqual([200, "https://a.example.com", "retry-after", "edge"]);
      expect((await httpSend(rig.http, { method: "GET" })).headers["x-served-by"]).toBe("edge");
    });
  });
});
