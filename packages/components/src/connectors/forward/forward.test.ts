import { DELIVERED, type Delivery } from "@tidemark/core";
import { testContext, testDelivery } from "@tidemark/core/testing";
import { traces } from "@tidemark/otlp/testing";
import { Subject } from "rxjs";
import { expect, it } from "vitest";
import { forwardConnector } from "./index.ts";

it("hands on the very deliveries that come in, in order", () => {
  const connector = forwardConnector.create({}, { ...testContext({ kind: "connector" }), from: "traces", to: "traces" });
  const source = new Subject<Delivery>();
  const out: Delivery[] = [];
  source.pipe(connector.operator).subscribe((delivery) => out.push(delivery));
  const deliveries = [testDelivery(traces({ spans: [{}] })), testDelivery(traces({ spans: [{}, {}] }))];
  for (const delivery of deliveries) source.next(delivery);
  expect(out).toEqual(deliveries);
  for (const delivery of out) delivery.settlement.settle(DELIVERED);
  expect(deliveries.map((delivery) => delivery.outcomes)).toEqual([[DELIVERED], [DELIVERED]]);
});
