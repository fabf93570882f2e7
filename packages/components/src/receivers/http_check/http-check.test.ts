import { DELIVERED, PipelineError, StateStore, type Peers } from "@tidemark/core";
import { settlePromises, testContext } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import type { Checker } from "./clients.ts";
import { httpCheckConfig } from "./config.ts";
import { TIMED_OUT } from "./failure.ts";
import { HttpCheck } from "./http-check.ts";
import { rig } from "./testing/rig.ts";

const A = "http://a/";
const B = "http://b/";
const both = { targets: [{ endpoints: [A, B] }] };
const one = { targets: [{ endpoint: A }] };
const REFUSED = { kind: "refused", error: PipelineError.unavailable("no room") } as const;

describe("http_check", () => {
  it("checks all targets each interval after the delay, and sends what it found as one batch", async () => {
    const { begun, batches, advance } = await rig({ ...both, initial_delay: "5s" });
    await advance(4.999);
    expect(begun).toEqual([]);
    await advance(60);
    expect(begun).toEqual([`5000 ${A}`, `5000 ${B}`, `35000 ${A}`, `35000 ${B}`]);
    expect(batches.map(({ itemCount }) => itemCount)).toEqual([14, 14]);
  });

  it("takes a target for DEGRADED after three failures in a row, with the reason, and for UP after one success", async () => {
    const { endings, advance, told, context } = await rig(one);
    await advance(0);
    endings.set(A, TIMED_OUT);
    await advance(60);
    expect(told()).toEqual([`${A} =0`, `${A} =0`, `${A} =0`]);
    await advance(30);
    endings.set(A, 503);
    await advance(30);
    expect(told()).toEqual([`${A} timeout=1`, `${A} timeout=0`, `${A} unexpected_status=1`]);
    endings.set(A, 200);
    await advance(30);
    expect(told()).toEqual([`${A} =0`, `${A} timeout=0`, `${A} unexpected_status=0`]);
    endings.set(A, 503);
    await advance(60);
    expect(told().filter((point) => point.endsWith("=1"))).toEqual([]);
    await advance(30);
    expect(told()).toEqual([`${A} timeout=0`, `${A} unexpected_status=1`]);
    expect(context.lines.map(({ level, message, fields }) => [level, message, fields["reason_code"]])).toEqual([
      ["warn", "A target is DEGRADED.", "timeout"],
      ["info", "A target is UP again.", undefined],
      ["warn", "A target is DEGRADED.", "unexpected_status"],
    ]);
  });

  it("counts failures for each target, with its own threshold", async () => {
    const { endings, advance, told } = await rig({
      failure_threshold: 2,
      targets: [{ endpoint: A, failure_threshold: 1, service: "shop" }, { endpoint: B }],
    });
    endings.set(A, TIMED_OUT).set(B, TIMED_OUT);
    await advance(0);
    expect(told()).toEqual([`${A} timeout=1`, `${B} =0`]);
    await advance(30);
    expect(told()).toEqual([`${A} timeout=1`, `${B} timeout=1`]);
  });

  it("does not check a target again that is still being checked, and does not let the others wait for it", async () => {
    const { endings, advance, told, begun } = await rig({ ...both, collection_interval: "5s" });
    endings.set(A, "never");
    await advance(0.999);
    expect(told("httpcheck.duration")).toEqual([]);
    await advance(0.001);
    expect(told("httpcheck.duration")).toEqual([`${B} =0`]);
    await advance(8.9);
    expect(begun).toEqual([`0 ${A}`, `0 ${B}`, `5000 ${B}`]);
    expect(told("httpcheck.duration")).toEqual([`${B} =0`]);
  });

  it("runs no more checks at the same time than it may", async () => {
    const urls = Array.from({ length: 10 }, (_, index) => `http://t${index}/`);
    const made = await rig({ targets: [{ endpoints: urls }], max_concurrent_checks: 3 }, { takesMs: 100 });
    await made.advance(1);
    expect([made.most, made.begun.length]).toEqual([3, 10]);
    expect(made.begun.at(-1)).toBe("300 http://t9/");
    expect(made.told("httpcheck.duration").length).toBe(10);
  });

  it("keeps the newest of what the pipeline refuses", async () => {
    const made = await rig({ ...both, collection_interval: "10s" });
    made.outcome = REFUSED;
    await made.advance(0);
    made.endings.set(A, 503).set(B, 503);
    await made.advance(60);
    made.told();
    made.outcome = DELIVERED;
    await made.advance(9);
    expect(made.told()).toEqual([`${A} unexpected_status=1`, `${B} unexpected_status=1`]);
  });

  it("gives up what runs at shutdown, sends what is known, and then does nothing", async () => {
    const made = await rig({ ...both, collection_interval: "5s" });
    made.endings.set(A, "never");
    made.outcome = "later";
    await made.advance(0.5);
    expect([made.running, made.open.length]).toEqual([1, 0]);
    let isDone = false;
    const done = made.shutdown().then(() => (isDone = true));
    await settlePromises();
    expect([made.running, made.open.length, isDone]).toEqual([0, 1, false]);
    made.open[0]?.settlement.settle(DELIVERED);
    await done;
    await made.advance(3600);
    expect([made.begun.length, made.batches.length, made.context.clock.pending]).toEqual([2, 1, 0]);
    expect(made.told("httpcheck.duration")).toEqual([`${B} =0`]);
  });

  it("ends at the deadline when the pipeline does not answer", async () => {
    const made = await rig(one);
    made.outcome = "later";
    await made.advance(0);
    const deadline = new AbortController();
    const done = made.shutdown(deadline.signal);
    deadline.abort();
    await done;
  });

  it("does not begin when it is stopped while its certificates are read", async () => {
    const { promise, resolve } = Promise.withResolvers<Checker>();
    const context = testContext({ id: "http_check", kind: "receiver" });
    const receiver = new HttpCheck(httpCheckConfig.parse(one), context, () => promise);
    const started = receiver.start();
    await receiver.shutdown(AbortSignal.abort());
    let isClosed = false;
    resolve({ check: () => Promise.reject(new Error("begun")), close: () => void (isClosed = true) });
    await started;
    await context.clock.advance(100_000);
    expect([isClosed, context.clock.pending]).toEqual([true, 0]);
  });

  it("warns of a timeout that is longer than the interval, and of targets that are one series", async () => {
    const { context } = await rig({
      collection_interval: "10s",
      targets: [
        { endpoint: A, timeout: "11s" },
        { endpoint: B, timeout: "10s" },
        { endpoint: A, body: "x" },
        { endpoint: A, method: "HEAD" },
      ],
    });
    expect(context.lines.map(({ level, message, fields }) => [level, message, fields])).toEqual([
      ["warn", "Targets give the same series; checks of one URL need different methods.", { target: `GET ${A}`, count: 2 }],
      ["warn", "The timeout is longer than collection_interval: while a check takes so long, its target is left out.", { target: A }],
    ]);
    expect((await rig({ ...one, collection_interval: "10s" })).context.lines).toEqual([]);
  });
});

describe("a reload", () => {
  it("goes on counting the failures of targets that are checked as before", async () => {
    const made = await rig(both);
    made.endings.set(A, TIMED_OUT).set(B, TIMED_OUT);
    await made.advance(30);
    made.told();
    await made.reload({ failure_threshold: 3, timeout: "7s", targets: [{ endpoint: B, expected_status: ["1xx"] }, { endpoint: A }] });
    await made.advance(0);
    expect(made.told()).toEqual([`${B} =0`, `${A} timeout=1`]);
  });

  it("forgets targets that are gone", async () => {
    const made = await rig(both);
    made.endings.set(A, TIMED_OUT);
    await made.advance(60);
    await made.reload({ targets: [{ endpoint: B }] });
    await made.advance(0);
    await made.reload(both);
    made.told();
    await made.advance(0);
    expect(made.told()).toEqual([`${A} =0`, `${B} =0`]);
  });
});

describe("with several workers", () => {
  const replies = new Map<number, (question: unknown) => unknown>();
  const peersOf = (worker: number): Peers => ({
    answer: (reply) => void replies.set(worker, reply),
    ask: (question) =>
      Promise.resolve(
        [...replies].filter(([index]) => index !== worker).map(([, reply]) => structuredClone(reply(structuredClone(question)))),
      ),
  });

  it("the first one checks, and the process that takes its place goes on counting", async () => {
    const second = await rig(one, { worker: { index: 1, count: 3 }, peers: peersOf(1) });
    const third = await rig(one, { worker: { index: 2, count: 3 }, peers: peersOf(2) });
    const first = await rig(one, { worker: { index: 0, count: 3 }, peers: peersOf(0) });
    first.endings.set(A, TIMED_OUT);
    await first.advance(89);
    expect([first.begun.length, second.begun.length, third.begun.length]).toEqual([3, 0, 0]);
    expect(first.told().at(-1)).toBe(`${A} timeout=1`);
    await first.shutdown(AbortSignal.abort());
    const next = await rig(one, { worker: { index: 0, count: 3 }, peers: peersOf(0), states: new StateStore() });
    next.endings.set(A, 503);
    await next.advance(0);
    expect(next.told()).toEqual([`${A} timeout=0`, `${A} unexpected_status=1`]);
    await second.advance(100);
    await second.shutdown();
    expect(second.begun).toEqual([]);
  });
});
