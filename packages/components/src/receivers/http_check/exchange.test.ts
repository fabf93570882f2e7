import { readFileSync } from "node:fs";
import { settlePromises } from "@tidemark/core/testing";
import { afterEach, expect, it } from "vitest";
import { HttpAgents } from "../../transport/http-poster.ts";
import { exchange, type Answer } from "./exchange.ts";
import { site } from "./testing/site.ts";

const pem = (name: string): Buffer => readFileSync(new URL(`../../transport/tls/testdata/${name}`, import.meta.url));
const agents = new HttpAgents({ ca: pem("cert.pem") });
const never = new AbortController().signal;
afterEach(() => agents.close());

/** A clock that goes on by a millisecond whenever somebody looks: what is timed takes time. */
let ticks = 0;
const now = (): number => ++ticks;

async function ask(url: string): Promise<Answer> {
  const request = { method: "GET", headers: {}, body: undefined, proxyTimeoutMs: 30_000, maxBodyBytes: 1000, keepsBody: true };
  const answer = await exchange({ url: new URL(url), ...request }, agents, now, never);
  await settlePromises();
  return answer;
}

/** Which parts took time. */
const parts = ({ timings }: Answer): string[] => Object.entries(timings).flatMap(([part, ms]) => (ms > 0 ? [part] : []));

it("times each part that happens", async () => {
  await using plain = await site((_request, response) => response.end("fine"));
  await using secure = await site((_request, response) => response.end("fine"), { cert: pem("cert.pem"), key: pem("key.pem") });
  expect(parts(await ask(plain.url))).toEqual(["connect", "request", "response"]);
  expect(parts(await ask(plain.url))).toEqual(["request", "response"]);
  expect(parts(await ask(secure.url.replace("127.0.0.1", "localhost")))).toEqual(["dns", "connect", "tls", "request", "response"]);
});

it("keeps the body only where it is asked to", async () => {
  await using plain = await site((_request, response) => response.end("fine"));
  expect(String((await ask(plain.url)).body)).toBe("fine");
  const request = {
    url: new URL(plain.url),
    method: "GET",
    headers: {},
    body: undefined,
    proxyTimeoutMs: 30_000,
    maxBodyBytes: 1000,
    keepsBody: false,
  };
  expect(await exchange(request, agents, now, never)).toMatchObject({ body: Buffer.alloc(0), size: 4 });
});

it("does not begin after it was given up", async () => {
  await using plain = await site((_request, response) => response.end("fine"));
  const request = {
    url: new URL(plain.url),
    method: "GET",
    headers: {},
    body: undefined,
    proxyTimeoutMs: 30_000,
    maxBodyBytes: 1000,
    keepsBody: false,
  };
  await expect(exchange(request, agents, now, AbortSignal.abort(new Error("given up")))).rejects.toThrow("given up");
  expect(plain.asked).toEqual([]);
});
