import { testContext } from "@tidemark/core/testing";
import type { Batch } from "@tidemark/otlp";
import { expect, it } from "vitest";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { ClientConnection } from "./client-connection.ts";
import { Intake, type Submission } from "./intake.ts";
import { RequestCounter } from "./request-counter.ts";

const SPANS = exportRequest("traces", 1000);

it.each<[string, number]>([
  ["a body with its memory to itself is given back", 0],
  ["a body beside something else is not", 100],
])("%s", (_, beside) => {
  const context = testContext({ id: "otlp", kind: "receiver" });
  const intake = new Intake(1 << 30, new RequestCounter(context), context);
  const batches: Batch[] = [];
  intake.deliveries.subscribe(({ batch }) => batches.push(batch));
  const memory = Buffer.allocUnsafeSlow(SPANS.length + beside);
  SPANS.copy(memory);
  const request: Submission = {
    signal: "traces",
    json: false,
    body: memory.subarray(0, SPANS.length),
    encoding: undefined,
    transport: "http",
    metadata: undefined,
    auth: undefined,
    connection: new ClientConnection(undefined),
    charged: 0,
    answer: () => undefined,
  };
  intake.submit(request, SPANS.length);
  batches[0]?.release();
  expect(memory.buffer.byteLength).toBe(beside === 0 ? 0 : memory.length);
});
