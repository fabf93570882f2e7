import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import type { Delivery } from "../contract/delivery.ts";
import { EdgeLedger } from "../ledger/edge-ledger.ts";
import { Ledger } from "../ledger/ledger.ts";
import { testDelivery } from "../testing/test-context.ts";
import { EntryPoint, fanOut } from "./entry-point.ts";
import { Source } from "./source.ts";

describe("a pipeline that has stopped", () => {
  it("refuses what still comes, and books it", () => {
    const books = new Ledger();
    const receiver = books.node({ key: "receiver/otlp", kind: "receiver", id: "otlp" });
    const processor = books.node({ key: "processor/batch@traces", kind: "processor", id: "batch", pipeline: "traces" });
    const edge = books.connect(new EdgeLedger("data", receiver, processor));
    const entry = new EntryPoint(processor, new Source<Delivery>());
    entry.close();
    const delivery = testDelivery<Batch>(traces({ spans: [{ name: "a" }] }));
    receiver.received += 1;
    receiver.passed += 1;
    fanOut(delivery, [{ ledger: edge, target: entry }]);
    expect(delivery.outcomes).toMatchObject([{ kind: "refused", error: { retryable: true } }]);
    expect(books.snapshot()).toMatchObject({ violations: [], nodes: [{ passed: 1 }, { received: 1, refused: 1, missing: 0 }] });
  });
});
