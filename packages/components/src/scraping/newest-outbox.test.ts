import { DELIVERED, PipelineError, type Outcome } from "@tidemark/core";
import { settlePromises, testContext, type TestContext } from "@tidemark/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NewestOutbox } from "./newest-outbox.ts";

interface Rig {
  readonly context: TestContext;
  readonly outbox: NewestOutbox<string>;
  /** What was sent so far, each batch as one text. */
  readonly sent: string[];
  /** What becomes of the next batches; without one they stay on their way. */
  outcome: Outcome | undefined;
  readonly open: ((outcome: Outcome) => void)[];
}

const refused = (retryAfterMs = 0): Outcome => ({ kind: "refused", error: PipelineError.unavailable("no room", retryAfterMs) });
const never = new AbortController().signal;

function rig(outcome: Outcome | undefined): Rig {
  const context = testContext();
  const made: Rig = {
    context,
    sent: [],
    open: [],
    outcome,
    outbox: new NewestOutbox<string>({
      clock: context.clock,
      log: context.log,
      send: (items) => {
        made.sent.push(items.join(" "));
        if (made.outcome !== undefined) return Promise.resolve(made.outcome);
        return new Promise((resolve) => void made.open.push(resolve));
      },
    }),
  };
  return made;
}

describe("NewestOutbox", () => {
  it("sends the newest of each thing as one batch, and nothing twice", async () => {
    const { outbox, sent, context } = rig(DELIVERED);
    outbox.put("a", "a1");
    outbox.put("b", "b1");
    outbox.put("a", "a2");
    outbox.flush();
    outbox.flush();
    await settlePromises();
    expect([sent, context.clock.pending]).toEqual([["a2 b1"], 0]);
  });

  it("sends what was refused again after growing pauses, with what is newer in its place", async () => {
    const made = rig(refused());
    const { outbox, sent, context } = made;
    outbox.put("a", "a1");
    outbox.put("b", "b1");
    outbox.flush();
    await context.clock.advance(999);
    outbox.put("a", "a2");
    outbox.flush();
    expect(sent).toEqual(["a1 b1"]);
    await context.clock.advance(1);
    await context.clock.advance(1999);
    expect(sent).toEqual(["a1 b1", "a2 b1"]);
    made.outcome = DELIVERED;
    await context.clock.advance(1);
    expect(sent).toEqual(["a1 b1", "a2 b1", "a2 b1"]);
    await context.clock.advance(600_000);
    expect(sent.length).toBe(3);
    expect(context.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn The pipeline refuses metrics; only the newest are kept and sent again.",
      "info The pipeline takes metrics again.",
    ]);
  });

  it("waits as long as the pipeline asks for, and a minute at most by itself", async () => {
    const made = rig(refused(90_000));
    const { outbox, sent, context } = made;
    outbox.put("a", "a1");
    outbox.flush();
    await context.clock.advance(89_999);
    expect(sent.length).toBe(1);
    made.outcome = refused();
    await context.clock.advance(1);
    await context.clock.advance(600_000);
    const before = sent.length;
    await context.clock.advance(600_000);
    expect(sent.length - before).toBe(10);
  });

  it("forgets what was refused when something newer is already on its way", async () => {
    const { outbox, sent, open, context } = rig(undefined);
    outbox.put("a", "a1");
    outbox.flush();
    outbox.put("a", "a2");
    outbox.flush();
    open[0]?.(refused());
    open[1]?.(DELIVERED);
    await context.clock.advance(100_000);
    expect(sent).toEqual(["a1", "a2"]);
  });

  it("gives what failed up, and says so", async () => {
    const { outbox, sent, context } = rig({ kind: "failed", error: PipelineError.invalid("never"), items: 3 });
    outbox.put("a", "a1");
    outbox.flush();
    await context.clock.advance(100_000);
    expect(sent).toEqual(["a1"]);
    expect(context.lines).toEqual([{ level: "error", message: "Metrics are lost.", fields: { points: 3, error: "never" } }]);
  });

  it("keeps the newest to itself while the pipeline holds too much", async () => {
    const { outbox, sent, open } = rig(undefined);
    for (let index = 0; index < 1000; index++) {
      outbox.put("a", `a${index}`);
      outbox.flush();
    }
    expect(sent.length).toBe(64);
    open[0]?.(DELIVERED);
    await settlePromises();
    expect(sent.slice(64)).toEqual(["a999"]);
  });

  it("sends the rest when it is closed, waits for what is on its way, and then does nothing", async () => {
    const { outbox, sent, open, context } = rig(undefined);
    outbox.put("a", "a1");
    let isClosed = false;
    void outbox.close(never).then(() => (isClosed = true));
    await settlePromises();
    expect([sent, isClosed]).toEqual([["a1"], false]);
    open[0]?.(refused());
    await settlePromises();
    expect([isClosed, context.clock.pending]).toEqual([true, 0]);
  });

  it("does not wait longer than the deadline", async () => {
    const { outbox } = rig(undefined);
    outbox.put("a", "a1");
    const deadline = new AbortController();
    const closed = outbox.close(deadline.signal);
    deadline.abort();
    await closed;
    await outbox.close(AbortSignal.abort());
  });

  it("ends with the newest of everything, whatever is refused on the way, and never goes back", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), isTaken: fc.boolean(), pauseMs: fc.nat(3000) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const made = rig(DELIVERED);
        const taken = new Map<string, number>();
        const newest = new Map<string, number>();
        for (const [index, { key, isTaken, pauseMs }] of steps.entries()) {
          made.outcome = isTaken ? DELIVERED : refused();
          newest.set(key, index);
          made.outbox.put(key, `${key}:${index}`);
          made.outbox.flush();
          await made.context.clock.advance(pauseMs);
        }
        made.outcome = DELIVERED;
        await made.context.clock.advance(120_000);
        for (const batch of made.sent)
          for (const item of batch.split(" ")) {
            const [key = "", index] = item.split(":");
            expect(Number(index)).toBeGreaterThanOrEqual(taken.get(key) ?? 0);
            taken.set(key, Number(index));
          }
        expect(taken).toEqual(newest);
      }),
    );
  });
});
