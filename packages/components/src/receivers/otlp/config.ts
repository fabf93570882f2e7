import { z } from "zod";
import { parseListenAddress } from "../../transport/listen.ts";
import { grpcField } from "./grpc-fields.ts";
import { httpField } from "./http-fields.ts";

/** An empty protocol section (`grpc:`) takes the defaults, as in the Collector. */
const emptyAsDefaults = (section: unknown): unknown => (section === null ? {} : section);

const shape = z.strictObject({
  protocols: z
    .strictObject({
      grpc: z
        .preprocess(emptyAsDefaults, grpcField)
        .optional()
        .meta({ description: "OTLP over gRPC. Absent: not served.", examples: [{ endpoint: "0.0.0.0:4317" }] }),
      http: z
        .preprocess(emptyAsDefaults, httpField)
        .optional()
        .meta({ description: "OTLP over HTTP. Absent: not served.", examples: [{ endpoint: "0.0.0.0:4318" }] }),
    })
    .meta({ description: "The protocols to serve; at least one.", examples: [{ grpc: { endpoint: "0.0.0.0:4317" } }] }),
  max_in_flight_bytes: z
    .int()
    .min(1)
    .default(256 << 20)
    .meta({
      description:
        "Bytes of requests that may be held between arrival and answer. Over it clients get 429 or RESOURCE_EXHAUSTED and come back. Not in the Collector.",
      examples: [67_108_864],
    }),
});

/** Configuration of the `otlp` receiver: the Collector's, with its own byte budget. */
export const otlpReceiverConfig: typeof shape = shape.superRefine((config, context) => {
  const issue = (path: string[], message: string): number => context.issues.push({ code: "custom", message, path, input: config });
  const { grpc, http } = config.protocols;
  if (grpc === undefined && http === undefined) issue(["protocols"], "must specify at least one protocol when using the OTLP receiver");
  for (const [name, protocol] of [["grpc", grpc] as const, ["http", http] as const]) {
    if (protocol === undefined || parseListenAddress(protocol.endpoint, protocol.transport) !== undefined) continue;
    issue(
      ["protocols", name, "endpoint"],
      `"${protocol.endpoint}" is not an endpoint; write host:port, such as 0.0.0.0:${name === "grpc" ? 4317 : 4318}`,
    );
  }
  const largest = Math.max((grpc?.max_recv_msg_size_mib ?? 0) << 20, http?.max_request_body_size ?? 0);
  if (config.max_in_flight_bytes < largest) {
    issue(["max_in_flight_bytes"], `must be at least the largest request, ${largest} bytes, or such a request could never be accepted`);
  }
});

/** Checked configuration of the `otlp` receiver. */
export type OtlpReceiverConfig = z.output<typeof otlpReceiverConfig>;
