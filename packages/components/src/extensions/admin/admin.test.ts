import { get } from "node:http";
import { connect } from "node:net";
import { type Extension, PipelineError, type Host, type PlanReport, type ReloadReport } from "@tidemark/core";
import { freePort, testContext } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createAdmin } from "./admin.ts";
import { adminConfig } from "./config.ts";

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const guard: Extension = {
  serverAuthenticator: {
    challenge: 'Bearer realm="admin"',
    authenticate(headers) {
      if (headers["authorization"] === "Bearer secret") return new Map();
      throw new PipelineError("missing or empty authorization header: authorization", { code: "unauthenticated", retryable: false });
    },
  },
};

async function serve(host: Partial<Host> = {}, config: object = {}): Promise<string> {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const context = testContext({ id: "admin", kind: "extension", extensions: { guard } });
  const extension = createAdmin(adminConfig.parse({ endpoint, ...config }), { ...context, host: { ...context.host, ...host } });
  await extension.start?.();
  stops.push(() => extension.shutdown?.(AbortSignal.abort()));
  return `http://${endpoint}`;
}

const report = (result: ReloadReport["result"]): ReloadReport => ({ result, message: `it is ${result}`, nodes: [], durationMs: 3 });

describe("admin", () => {
  it("shows the books, and whether they balance", async () => {
    let violations: readonly string[] = [];
    const url = await serve({ ledger: () => ({ nodes: [], edges: [{ kind: "data", from: "a", to: "b", items: 3 }], violations }) });
    const ledger = async (): Promise<unknown> => (await fetch(`${url}/-/ledger`)).json();
    const time = new Date(testContext().clock.now()).toISOString();
    const edges = [{ kind: "data", from: "a", to: "b", items: 3 }];
    expect(await ledger()).toEqual({ time, balanced: true, violations: [], nodes: [], edges });
    violations = ["b lost track of 1 items"];
    expect(await ledger()).toMatchObject({ balanced: false, violations });
  });

  it.each([
    ["reloaded", 200],
    ["unchanged", 200],
    ["failed", 400],
  ] as const)("answers a reload that ends as %s with %i", async (result, status) => {
    const url = await serve({ reload: async () => report(result) });
    const response = await fetch(`${url}/-/reload`, { method: "POST", body: "whatever" });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(report(result));
  });

  it("answers a reload that ends itself, and is gone then", async () => {
    let stop: (() => Promise<void> | void) | undefined;
    const url = await serve({
      reload: async () => {
        await stop?.();
        return report("reloaded");
      },
    });
    stop = stops.pop();
    const response = await fetch(`${url}/-/reload`, { method: "POST" });
    expect([response.status, await response.json()]).toEqual([200, report("reloaded")]);
    await expect(fetch(`${url}/-/ledger`)).rejects.toThrow();
  });

  it.each([
    ["planned", 200],
    ["failed", 400],
  ] as const)("answers a plan that ends as %s with %i", async (result, status) => {
    const candidate = { uris: ["a.yaml"], sets: ["b=c"], texts: { "a.yaml": "receivers:\n" } };
    const answer: PlanReport = { result, nodes: [], telemetryChanged: true, mistakes: [] };
    let asked: unknown;
    const url = await serve({ plan: async (of) => ((asked = of), answer) });
    const response = await fetch(`${url}/-/plan`, { method: "POST", body: JSON.stringify(candidate) });
    expect([response.status, await response.json()]).toEqual([status, answer]);
    expect(asked).toEqual(candidate);
  });

  it.each(["", "{", "[]", '{"uris":[],"sets":[]}', '{"uris":[1],"sets":[],"texts":{}}'])("takes %j for no candidate", async (body) => {
    const url = await serve({ plan: () => Promise.reject(new Error("must not be called")) });
    const response = await fetch(`${url}/-/plan`, { method: "POST", body });
    expect([response.status, await response.text()]).toEqual([
      400,
      "400: a plan needs a JSON body with uris, sets and texts; tidemark plan --admin sends one\n",
    ]);
  });

  it("takes no candidate without end", async () => {
    const url = await serve();
    const response = await fetch(`${url}/-/plan`, { method: "POST", body: Buffer.alloc((256 << 10) + 1, 32) });
    expect([response.status, await response.text()]).toEqual([413, "413: the body is longer than 262144 bytes\n"]);
  });

  it("does nothing for a GET, for a browser's page, or at another path", async () => {
    let reloads = 0;
    const url = await serve({ reload: async () => ((reloads += 1), report("reloaded")) });
    const get = await fetch(`${url}/-/reload`);
    expect([get.status, get.headers.get("allow"), await get.text()]).toEqual([405, "POST", "405: use POST /-/reload\n"]);
    const page = await fetch(`${url}/-/reload`, { method: "POST", headers: { origin: "https://example.com" } });
    expect([page.status, await page.text()]).toEqual([403, "403: pages of a browser may not ask here\n"]);
    const elsewhere = await fetch(`${url}/`, { method: "POST" });
    expect([elsewhere.status, await elsewhere.text()]).toEqual([404, "404: there are GET /-/ledger, POST /-/plan and POST /-/reload\n"]);
    expect(reloads).toBe(0);
  });

  it("answers no page whose name leads to this machine", async () => {
    const url = await serve({ ledger: () => ({ nodes: [], edges: [], violations: [] }) });
    const guarded = await serve({ ledger: () => ({ nodes: [], edges: [], violations: [] }) }, { auth: { authenticator: "guard" } });
    const statusFor = async (at: string, host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(at);
        const headers = { host, authorization: "Bearer secret" };
        get({ port, host: "127.0.0.1", path: "/-/ledger", headers }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on("error", reject);
      });
    for (const host of ["localhost:13135", "127.0.0.1", "[::1]:13135", "tidemark.localhost", "LOCALHOST"])
      expect([host, await statusFor(url, host)]).toEqual([host, 200]);
    for (const host of ["evil.example:13135", "localhost.evil.example", "127.0.0.1.evil.example", "@", "localhost@evil.example"])
      expect([host, await statusFor(url, host)]).toEqual([host, 403]);
    expect(await statusFor(guarded, "collector.example")).toBe(200);
  });

  it("hangs up on who asks on without reading", async () => {
    let made = 0;
    const url = await serve({ ledger: () => ((made += 1), { nodes: [], edges: [], violations: [] }) });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    await new Promise<void>((resolve) => {
      socket.on("close", () => resolve()).on("error", () => undefined);
      socket.write("GET /-/ledger HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500));
    });
    expect(made).toBe(1);
  });

  it.each([["uris"], ["sets"]])("takes no candidate with %s without end", async (field) => {
    const url = await serve({ plan: () => Promise.reject(new Error("must not be called")) });
    const body = { uris: [], sets: [], texts: {}, [field]: Array.from({ length: 1001 }, () => "a") };
    expect((await fetch(`${url}/-/plan`, { method: "POST", body: JSON.stringify(body) })).status).toBe(400);
  });

  it("lets in only who may, where an authenticator is named", async () => {
    const url = await serve({}, { auth: { authenticator: "guard" } });
    const without = await fetch(`${url}/-/ledger`);
    expect([without.status, without.headers.get("www-authenticate"), await without.text()]).toEqual([
      401,
      'Bearer realm="admin"',
      "401: missing or empty authorization header: authorization\n",
    ]);
    expect((await fetch(`${url}/-/ledger`, { headers: { authorization: "Bearer secret" } })).status).toBe(200);
  });

  it("says what broke when an answer cannot be made", async () => {
    const url = await serve({
      ledger: () => {
        throw new Error("the books are closed");
      },
    });
    const response = await fetch(`${url}/-/ledger`);
    expect([response.status, await response.text()]).toEqual([500, "500: the books are closed\n"]);
  });
});
