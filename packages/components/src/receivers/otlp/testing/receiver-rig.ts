import type { Delivery, Extension, Outcome } from "@tidemark/core";
import { testContext, type TestContext } from "@tidemark/core/testing";
import { otlpReceiverConfig } from "../config.ts";
import { OtlpReceiver } from "../otlp-receiver.ts";

/** A started receiver on free ports of loopback, and what came out of it. */
export interface ReceiverRig {
  readonly receiver: OtlpReceiver;
  readonly context: TestContext;
  readonly grpc: number;
  readonly http: number;
  readonly deliveries: Delivery[];
  /** What the pipeline says to each delivery; undefined leaves it open. */
  outcome: Outcome | undefined;
}

/** Settings of the two protocols and of the receiver itself. */
export interface RigOptions {
  /** null: not served. */
  readonly grpc?: Readonly<Record<string, unknown>> | null;
  readonly http?: Readonly<Record<string, unknown>>;
  readonly receiver?: Readonly<Record<string, unknown>>;
  readonly extensions?: Readonly<Record<string, Extension>>;
}

/** Starts both protocols; every delivery is settled as delivered unless `outcome` is changed. */
export async function openReceiver({ grpc = {}, http = {}, receiver: own = {}, extensions = {} }: RigOptions = {}): Promise<ReceiverRig> {
  const context = testContext({ id: "otlp", kind: "receiver", extensions });
  const protocols = {
    ...(grpc === null ? {} : { grpc: { endpoint: "127.0.0.1:0", ...grpc } }),
    http: { endpoint: "127.0.0.1:0", ...http },
  };
  const config = otlpReceiverConfig.parse({ protocols, ...own });
  const receiver = new OtlpReceiver(config, context);
  await receiver.start();
  const { grpc: grpcPort = 0, http: httpPort = 0 } = receiver.ports;
  const deliveries: Delivery[] = [];
  const rig: ReceiverRig = { receiver, context, grpc: grpcPort, http: httpPort, deliveries, outcome: { kind: "delivered" } };
  receiver.deliveries.subscribe((delivery) => {
    deliveries.push(delivery);
    if (rig.outcome !== undefined) delivery.settlement.settle(rig.outcome);
  });
  return rig;
}
