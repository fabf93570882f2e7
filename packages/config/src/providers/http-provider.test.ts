import { VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it, vi } from "vitest";
import { HttpProvider } from "./http-provider.ts";
import { withoutPassword } from "./provider.ts";

interface Rig {
  readonly clock: VirtualClock;
  readonly provider: HttpProvider;
  readonly requests: { url: string; headers: Record<string, string> }[];
  answer: (headers: Headers) => Response | Promise<Response>;
}

function rig(answer: Rig["answer"]): Rig {
  const clock = new VirtualClock();
  const requests: Rig["requests"] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    requests.push({ url: (input as URL).href, headers: Object.fromEntries(headers) });
    const aborted = new Promise<never>((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    return Promise.race([made.answer(headers), aborted]);
  };
  const made: Rig = { clock, provider: new HttpProvider({ fetch, clock }, 5000), requests, answer };
  return made;
}

describe("HttpProvider", () => {
  it("gives the text, and shows who it is when the URI says so", async () => {
    const { provider, requests } = rig(() => new Response("a: 1"));
    expect(await provider.read("https://ann:p%40ss@example.com/a.yaml")).toBe("a: 1");
    expect(requests).toMatchObject([{ url: "https://example.com/a.yaml", headers: { authorization: `Basic ${btoa("ann:p@ss")}` } }]);
  });

  it.each([
    ["an error", () => new Response("", { status: 404, statusText: "Not Found" }), "the server answered 404 Not Found"],
    [
      "no connection",
      () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:1") })),
      "connect ECONNREFUSED 127.0.0.1:1",
    ],
  ])("says in words what is wrong: %s", async (_what, answer, message) => {
    const { provider } = rig(answer);
    await expect(provider.read("http://example.com/a.yaml")).rejects.toThrow(message);
  });

  it("reads no answer without end", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({ pull: (to) => ((pulled += 1), to.enqueue(new Uint8Array(1 << 20).fill(32))) });
    const { provider } = rig(() => new Response(endless));
    await expect(provider.read("http://example.com/a.yaml")).rejects.toThrow("the answer is longer than 8388608 bytes");
    expect(pulled).toBeLessThan(12);
  });

  it("shows no part of a password with an @ in it", () => {
    expect(withoutPassword("http://ann:se@cr@et@example.com/a@b")).toBe("http://ann:***@example.com/a@b");
  });

  it("does not wait for ever, and shows no password", async () => {
    const { provider, clock } = rig(() => new Promise<Response>(() => undefined));
    const failed = expect(provider.read("http://ann:secret@example.com/a")).rejects.toThrow(
      "http://ann:***@example.com/a did not answer within 10000 ms",
    );
    await clock.advance(10_000);
    await failed;
  });

  it.each([
    ["etag", "if-none-match", '"v1"', '"v2"'],
    ["last-modified", "if-modified-since", "Sat, 01 Nov 2025 00:00:00 GMT", "Sun, 02 Nov 2025 00:00:00 GMT"],
  ])("asks for another version by %s, and tells of each one once", async (header, condition, first, second) => {
    let version = first;
    const made = rig((headers) =>
      headers.get(condition) === version
        ? new Response(null, { status: 304 })
        : new Response(`at ${version}`, { headers: { [header]: version } }),
    );
    const { provider, clock } = made;
    await provider.read("http://example.com/a");
    const changed = vi.fn(() => void provider.read("http://example.com/a"));
    const stop = provider.watch("http://example.com/a", changed);
    await clock.advance(20_000);
    expect([changed.mock.calls.length, made.requests.length]).toEqual([0, 5]);
    version = second;
    await clock.advance(5000);
    expect(changed).toHaveBeenCalledTimes(1);
    made.answer = () => new Response("", { status: 500 });
    await clock.advance(20_000);
    expect(changed).toHaveBeenCalledTimes(1);
    stop();
    expect(clock.pending).toBe(0);
  });

  it("compares the text where the server has no versions", async () => {
    let text = "one";
    const { provider, clock } = rig(() => new Response(text));
    await provider.read("http://example.com/a");
    const changed = vi.fn();
    provider.watch("http://example.com/a", changed);
    await clock.advance(10_000);
    expect(changed).not.toHaveBeenCalled();
    text = "two";
    await clock.advance(5000);
    expect(changed).toHaveBeenCalledTimes(1);
  });
});
