import { diag, DiagLogLevel, ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { settlePromises, VirtualClock } from "@tidemark/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RemoteSampler } from "./remote-sampler.ts";
import type { SamplingOptions } from "./sampling-options.ts";

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  const silent = (): void => {};
  const warn = (message: string): void => void warnings.push(message);
  diag.setLogger({ verbose: silent, debug: silent, info: silent, warn, error: silent }, { logLevel: DiagLogLevel.WARN });
});
afterEach(() => diag.disable());

const probabilistic = (samplingRate: number): string =>
  JSON.stringify({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate } });

/** A sampler, and a server that answers what `answer` says: a text, a status, an error, or nothing at all. */
function open(options: Partial<SamplingOptions> = {}) {
  const clock = new VirtualClock();
  const server = {
    answer: probabilistic(1) as string | number | Error | undefined,
    /** The text of an error. */
    page: (_count: number): string => "broken\n",
    /** In place of `answer`. */
    body: undefined as (() => ReadableStream) | undefined,
    urls: [] as string[],
    headers: [] as unknown[],
  };
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    server.urls.push(url);
    server.headers.push(init.headers);
    const { answer } = server;
    if (server.body !== undefined) return new Response(server.body());
    if (answer instanceof Error) throw answer;
    if (typeof answer === "number") return new Response(server.page(server.urls.length), { status: answer });
    if (answer !== undefined) return new Response(answer);
    return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error)));
  };
  const sampler = new RemoteSampler(
    "chat & co",
    { endpoint: "http://localhost:5778/", ...options },
    { clock, fetch: fetch as typeof globalThis.fetch },
  );
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await settlePromises();
  };
  return { sampler, server, clock, pass };
}

/** Whether a trace that only the rate 1 keeps, and one that all rates but 0 keep, are recorded. */
function kept(sampler: RemoteSampler): readonly boolean[] {
  return ["00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff"].map(
    (traceId) =>
      sampler.shouldSample(ROOT_CONTEXT, traceId, "op", SpanKind.SERVER, {}, []).decision === SamplingDecision.RECORD_AND_SAMPLED,
  );
}

const [ALL, SOME, NONE] = [
  [true, true],
  [false, true],
  [false, false],
];

describe("RemoteSampler", () => {
  it("asks at once, then after each interval, for its service", async () => {
    const { sampler, server, pass } = open({ headers: { authorization: "Bearer secret" } });
    sampler.start();
    await settlePromises();
    expect(server.urls).toEqual(["http://localhost:5778/sampling?service=chat+%26+co"]);
    expect(server.headers).toEqual([{ authorization: "Bearer secret" }]);
    await pass(499);
    expect(server.urls).toHaveLength(1);
    await pass(1);
    expect(server.urls).toHaveLength(2);
    sampler.stop();
  });

  it("records a tenth until the first answer, or what it is told", () => {
    expect(kept(open().sampler)).toEqual(SOME);
    expect(kept(open({ initialSamplingRate: 0 }).sampler)).toEqual(NONE);
    expect(kept(open({ initialSamplingRate: 1 }).sampler)).toEqual(ALL);
  });

  it("follows the answers", async () => {
    const { sampler, server, pass } = open();
    sampler.start();
    await settlePromises();
    expect(kept(sampler)).toEqual(ALL);
    server.answer = probabilistic(0);
    await pass(500);
    expect(kept(sampler)).toEqual(NONE);
    server.answer = probabilistic(0.5);
    await pass(500);
    expect(kept(sampler)).toEqual(SOME);
    sampler.stop();
  });

  it.each<[string, string | number | Error, string]>([
    ["nobody answers", new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }), "connect ECONNREFUSED"],
    ["the answer is an error", 503, "the answer is 503: broken"],
    ["the answer is none", "no", "the answer is not JSON"],
    ["the rate is none", probabilistic(1.5), "the answer has a sampling rate that is not from 0 to 1: 1.5"],
  ])("keeps the last rate while %s, and says so once", async (_case, answer, reason) => {
    const { sampler, server, pass } = open();
    server.answer = probabilistic(0);
    sampler.start();
    await settlePromises();
    server.answer = answer;
    await pass(500);
    await pass(5000);
    expect(kept(sampler)).toEqual(NONE);
    const url = "http://localhost:5778/sampling?service=chat+%26+co";
    expect(warnings).toEqual([`The sampling strategy could not be had from ${url}; Ratio{0} stays in force: ${reason}`]);
    server.answer = probabilistic(1);
    await pass(500);
    expect(kept(sampler)).toEqual(ALL);
    sampler.stop();
  });

  it("says of pages that differ only in their text once that they are no answer, in one line", async () => {
    const { sampler, server, pass } = open();
    server.page = (count) => `request ${count}: \u001b[2J\u0000\n${"x".repeat(1000)}`;
    server.answer = 500;
    sampler.start();
    await pass(2000);
    expect(server.urls.length).toBeGreaterThan(3);
    expect(warnings).toEqual([expect.stringMatching(/the answer is 500: request 1: {2}\[2J x+$/)]);
    expect(warnings[0]?.length).toBeLessThan(500);
    sampler.stop();
  });

  it("does not read an answer that is far too long to its end", async () => {
    const { sampler, server, pass } = open();
    sampler.start();
    await settlePromises();
    let read = 0;
    server.body = () => new ReadableStream({ pull: (controller) => controller.enqueue(Buffer.alloc(++read && 65_536, " ")) });
    await pass(500);
    expect(warnings).toEqual([expect.stringMatching(/the answer is longer than 1048576 bytes$/)]);
    expect(read).toBeLessThan(40);
    expect(kept(sampler)).toEqual(ALL);
    sampler.stop();
  });

  it("gives a question up after 5 s, and never has two under way", async () => {
    const { sampler, server, pass } = open();
    server.answer = undefined;
    sampler.start();
    await pass(4999);
    expect(server.urls).toHaveLength(1);
    server.answer = probabilistic(1);
    await pass(1);
    expect(warnings).toEqual([expect.stringMatching(/no answer within 5000 ms$/)]);
    await pass(500);
    expect(server.urls).toHaveLength(2);
    expect(kept(sampler)).toEqual(ALL);
    sampler.stop();
  });

  it.each(["between two questions", "while one is under way"])("does nothing after its end %s", async (when) => {
    const { sampler, server, pass, clock } = open();
    if (when !== "between two questions") server.answer = undefined;
    sampler.start();
    await settlePromises();
    sampler.stop();
    await settlePromises();
    await pass(60_000);
    expect([server.urls.length, clock.pending, warnings]).toEqual([1, 0, []]);
  });

  it("leaves a rate limit its count when the answer stays the same", async () => {
    const { sampler, server, pass } = open();
    server.answer = JSON.stringify({ strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: 1 } });
    sampler.start();
    await settlePromises();
    expect(kept(sampler)).toEqual([true, false]);
    await pass(500);
    expect(kept(sampler)).toEqual(NONE);
    await pass(500);
    expect(kept(sampler)).toEqual([true, false]);
    sampler.stop();
  });

  it.each<[Partial<SamplingOptions>, string]>([
    [
      { endpoint: "localhost:5778" },
      'sampling.endpoint "localhost:5778" is not an HTTP address; write the address of the remote sampling API, such as http://localhost:5778',
    ],
    [{ pollingIntervalMs: 0 }, "sampling.pollingIntervalMs is 0; write a positive number of milliseconds, such as 500"],
    [{ initialSamplingRate: 1.5 }, "sampling.initialSamplingRate is 1.5; write a number from 0 to 1, such as 0.1"],
  ])("refuses %j", (options, message) => {
    expect(() => open(options)).toThrow(message);
  });
});
