import { openBatch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { expect, it } from "vitest";
import { recordOf } from "./queue-entry.ts";

it("a storage keeps the bytes that it was given when their batch has been sent", () => {
  const bytes = traces({ spans: [{ name: "x".repeat(100_000) }] }).encode();
  const batch = openBatch("traces", bytes.slice(), { owned: true });
  const record = recordOf(batch, { receivedAt: 0, transport: "test" }, []);
  batch.release();
  expect(record.bytes).toEqual(bytes);
});
