import { PipelineError, type Extension } from "@tidemark/core";
import { freePort, settlePromises, testContext } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { jaegerRemoteSamplingConfig } from "./config.ts";
import { createJaegerRemoteSampling } from "./jaeger-remote-sampling.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const FILE = "sampling.json";
const probabilistic = (param: number): string => JSON.stringify({ default_strategy: { type: "probabilistic", param } });

const guard: Extension = {
  serverAuthenticator: {
    authenticate(headers) {
      if (headers["authorization"] === "Bearer secret") return new Map();
      throw new PipelineError("missing or empty authorization header: authorization", { code: "unauthenticated", retryable: false });
    },
  },
};

async function open(source: object, http: object = {}) {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const context = testContext({ id: "jaeger_remote_sampling", kind: "extension", extensions: { guard } });
  const files = new Map<string, string>();
  const readText = async (path: string): Promise<string> => {
    const text = files.get(path);
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  };
  const config = jaegerRemoteSamplingConfig.parse({ http: { endpoint, ...http }, source });
  const extension = createJaegerRemoteSampling(config, context, readText);
  stops.push(() => extension.shutdown?.(AbortSignal.abort()));
  const url = `http://${endpoint}`;
  const ask = async (service: string): Promise<unknown> => (await fetch(`${url}/sampling?service=${service}`)).json();
  const pass = async (ms: number): Promise<void> => {
    await context.clock.advance(ms);
    await settlePromises();
  };
  return { extension, context, files, url, ask, pass };
}

const answerOf = (samplingRate: number): object => ({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate } });

describe("jaeger_remote_sampling", () => {
  it.each([
    ["a mapping", { default_strategy: { type: "probabilistic", param: 0 } }],
    ["JSON text", probabilistic(0)],
  ])("serves contents that are %s", async (_form, contents) => {
    const { extension, ask } = await open({ contents });
    await extension.start?.();
    expect(await ask("checkout")).toEqual(answerOf(0));
  });

  it("answers only GET /sampling with a service", async () => {
    const { extension, url } = await open({ contents: probabilistic(0.5) });
    await extension.start?.();
    const asked = async (path: string, init?: RequestInit): Promise<[number, string]> => {
      const response = await fetch(`${url}${path}`, init);
      return [response.status, await response.text()];
    };
    const nameless = [400, "400: 'service' parameter must be provided; ask for /sampling?service=NAME\n"];
    expect(await asked("/sampling")).toEqual(nameless);
    expect(await asked("/sampling?service=")).toEqual(nameless);
    expect(await asked("/")).toEqual([404, "404: strategies are at /sampling?service=NAME\n"]);
    expect(await asked("/sampling?service=a", { method: "POST" })).toEqual([405, "405: use GET /sampling\n"]);
    expect(await asked("/sampling?service=a", { method: "HEAD" })).toEqual([200, ""]);
    const response = await fetch(`${url}/sampling?service=a&service=b`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  });

  it("lets its authenticator decide who may ask", async () => {
    const { extension, url } = await open({ contents: probabilistic(0.5) }, { auth: { authenticator: "guard" } });
    await extension.start?.();
    const asked = await fetch(`${url}/sampling?service=a`);
    expect([asked.status, asked.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const known = await fetch(`${url}/sampling?service=a`, { headers: { authorization: "Bearer secret" } });
    expect(await known.json()).toEqual(answerOf(0.5));
  });

  it("follows its file, and keeps what it said before while it is wrong", async () => {
    const { extension, context, files, ask, pass } = await open({ file: FILE, reload_interval: "500ms" });
    files.set(FILE, probabilistic(0));
    await extension.start?.();
    expect(await ask("checkout")).toEqual(answerOf(0));
    files.set(FILE, probabilistic(1));
    await pass(499);
    expect(await ask("checkout")).toEqual(answerOf(0));
    await pass(1);
    expect(await ask("checkout")).toEqual(answerOf(1));

    files.set(FILE, probabilistic(1.5));
    await pass(5000);
    files.delete(FILE);
    await pass(5000);
    expect(await ask("checkout")).toEqual(answerOf(1));
    expect(context.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["error"])).toEqual([
      "default_strategy.param: 1.5 is not a share of the traces; write a number from 0 to 1, such as 0.1 for 10 %",
      "ENOENT: no such file or directory, open 'sampling.json'",
    ]);
    files.set(FILE, probabilistic(0.25));
    await pass(500);
    expect(await ask("checkout")).toEqual(answerOf(0.25));
  });

  it("reads its file once with reload_interval 0s", async () => {
    const { extension, files, ask, pass } = await open({ file: FILE, reload_interval: "0s" });
    files.set(FILE, probabilistic(0));
    await extension.start?.();
    files.set(FILE, probabilistic(1));
    await pass(3_600_000);
    expect(await ask("checkout")).toEqual(answerOf(0));
  });

  it("does not start without its file, or with a wrong one", async () => {
    const missing = await open({ file: FILE });
    await expect(missing.extension.start?.()).rejects.toThrow(
      "the strategies in sampling.json cannot be used: ENOENT: no such file or directory, open 'sampling.json'; correct source::file or what stands in it",
    );
    missing.files.set(FILE, "[]");
    await expect(missing.extension.start?.()).rejects.toThrow("the strategies: Invalid input: expected object, received array");
  });

  it("leaves port, file and clock alone after its end", async () => {
    const { extension, files, url, context } = await open({ file: FILE });
    files.set(FILE, probabilistic(0));
    await extension.start?.();
    await extension.shutdown?.(AbortSignal.abort());
    await expect(fetch(`${url}/sampling?service=a`)).rejects.toThrow();
    expect(context.clock.pending).toBe(0);
  });
});
