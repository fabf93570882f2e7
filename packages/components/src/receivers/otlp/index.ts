import { defineReceiver, type ReceiverDefinition } from "@tidemark/core";
import { otlpReceiverConfig } from "./config.ts";
import { OtlpReceiver } from "./otlp-receiver.ts";

/** OTLP over gRPC and over HTTP, protobuf and JSON. */
export const otlpReceiver: ReceiverDefinition<typeof otlpReceiverConfig> = defineReceiver({
  type: "otlp",
  stability: "beta",
  summary: "Receives OTLP over gRPC and HTTP and answers each client with what became of its data.",
  signals: ["traces", "metrics", "logs"],
  config: otlpReceiverConfig,
  example: "protocols:\n  grpc:\n    endpoint: localhost:4317\n  http:\n    endpoint: localhost:4318\n",
  create: (config, context) => new OtlpReceiver(config, context),
});
