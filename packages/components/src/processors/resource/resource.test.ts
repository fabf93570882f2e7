import { testContext, testDelivery } from "@tidemark/core/testing";
import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { expect, it } from "vitest";
import { resourceProcessor } from "./index.ts";

it("changes resources by the actions of the attributes processor, and nothing else", () => {
  const config = resourceProcessor.config.parse({
    attributes: [
      { key: "env", value: "production", action: "upsert" },
      { key: "tenant", from_context: "metadata.tenant", action: "insert" },
      { key: "host", action: "delete" },
    ],
  });
  const context = { ...testContext({ id: "resource" }), signal: "traces" as const, pipeline: "traces" };
  const processor = resourceProcessor.create(config, context);
  const batch = traces({ resource: { host: "h", kept: 1 }, spans: [{ attributes: { host: "h" } }] });
  const delivery = testDelivery(batch, new Map([["tenant", ["t"]]]));
  const items = ("process" in processor ? (processor.process(batch, delivery) as Batch) : batch).items();
  items.next();
  expect(items.resource.attributes.toObject()).toEqual({ kept: 1, env: "production", tenant: "t" });
  expect(items.attributes.toObject()).toEqual({ host: "h" });
});
