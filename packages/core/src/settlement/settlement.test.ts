import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Settlement } from "../contract/delivery.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { createSettlement, joinSettlements } from "./settlement.ts";

const refused: Outcome = { kind: "refused", error: PipelineError.unavailable("later") };
const dropped: Outcome = { kind: "dropped", reason: "x" };
const failed = (items: number): Outcome => ({ kind: "failed", error: PipelineError.invalid("bad"), items });

describe("settlement", () => {
  it("answers once and refuses to be used twice", () => {
    const answers: Outcome[] = [];
    const settlement = createSettlement((outcome) => answers.push(outcome));
    settlement.settle(DELIVERED);
    expect(answers).toEqual([DELIVERED]);
    expect(() => settlement.settle(DELIVERED)).toThrow(/used twice/);
    expect(() => settlement.split(2)).toThrow(/used twice/);
    expect(settlement.settled).toBe(true);
  });

  it.each([
    ["refused wins over failed", [refused, failed(1)], "refused"],
    ["failed wins over delivered", [DELIVERED, failed(3)], "failed"],
    ["delivered wins over dropped", [dropped, DELIVERED], "delivered"],
  ])("%s", (_name, outcomes, kind) => {
    const answers: Outcome[] = [];
    const parts = createSettlement((outcome) => answers.push(outcome)).split(outcomes.length);
    outcomes.forEach((outcome, index) => parts[index]?.settle(outcome));
    expect(answers.map((outcome) => outcome.kind)).toEqual([kind]);
  });

  it.each([
    ["split", 7],
    ["fork", 4],
  ] as const)("counts what %s children lost", (how, lost) => {
    const answers: Outcome[] = [];
    const [a, b, c] = createSettlement((outcome) => answers.push(outcome))[how](3);
    a?.settle(failed(3));
    b?.settle(DELIVERED);
    c?.settle(failed(4));
    expect(answers).toMatchObject([{ kind: "failed", items: lost }]);
  });

  it("charges rejected items to the parts in order", () => {
    const answers: Outcome[] = [];
    const parts = [0, 1, 2].map((index) => createSettlement((outcome) => (answers[index] = outcome)));
    joinSettlements(parts, [2, 2, 2]).settle(failed(3));
    expect(answers.map((answer) => (answer.kind === "failed" ? answer.items : answer.kind))).toEqual([2, 1, "delivered"]);
  });

  it("settles every root exactly once, whatever was split and joined on the way", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 }), { minLength: 1, maxLength: 5 }), (scripts) => {
        const answered = scripts.map(() => 0);
        let open: Settlement[] = [];
        scripts.forEach((script, root) => {
          open.push(createSettlement(() => (answered[root] = (answered[root] ?? 0) + 1)));
          for (const step of script) {
            const [first, ...rest] = open;
            if (first === undefined) break;
            if (step === 0) open = [...rest, ...first.split(2)];
            else if (step === 1) open = [...rest.slice(1), joinSettlements([first, ...rest.slice(0, 1)])];
            else open = [...rest, ...first.fork(2)];
          }
        });
        expect(answered.every((count) => count === 0)).toBe(true);
        open.forEach((settlement) => settlement.settle(DELIVERED));
        expect(answered.every((count) => count === 1)).toBe(true);
      }),
    );
  });
});
