import { spans } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { queue, specOf, world } from "../testing/reload-world.ts";
import { testDelivery, testEnvironment } from "../testing/test-context.ts";
import { buildGraph } from "./graph.ts";

describe("a receiver that cannot give an answer", () => {
  it("keeps nobody else from having theirs, and nothing from the books", async () => {
    const of = world();
    const joining = queue({ wait_for_result: true, batch: { min_size: 6, flush_timeout: "1s" } });
    const graph = buildGraph(
      specOf(of, { exporters: { sink: { sending_queue: joining } } }),
      testEnvironment({ clock: of.clock, lines: of.lines }),
    );
    await graph.start();
    const before = of.push("source", spans(2));
    const broken = createSettlement(() => {
      throw PipelineError.invalid("the socket is gone");
    });
    of.hand("source", { ...testDelivery(spans(3)), settlement: broken });
    const after = of.push("source", spans(1));
    await of.clock.advance(1);
    expect([before.outcomes, after.outcomes]).toEqual([[{ kind: "delivered" }], [{ kind: "delivered" }]]);
    expect(of.lines).toEqual([
      {
        level: "error",
        message: "A client could not be answered.",
        fields: { error: "the socket is gone", items: 3, outcome: "delivered" },
      },
    ]);
    await graph.shutdown(new AbortController().signal);
    expect(graph.ledger()).toMatchObject({
      violations: [],
      nodes: [
        { kind: "exporter", delivered: 6, held: 0 },
        { kind: "receiver", received: 6 },
      ],
    });
  });
});
