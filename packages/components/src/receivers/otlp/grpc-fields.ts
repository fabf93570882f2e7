import { durationField } from "@tidemark/core";
import { z } from "zod";
import { bufferFields } from "../../transport/buffer-fields.ts";
import { serverTlsField } from "../../transport/tls/tls-fields.ts";
import { grpcAuthField, middlewaresField } from "./access-fields.ts";
import { endpointField, transportField } from "./endpoint-fields.ts";

const serverParameters = z
  .strictObject({
    max_connection_idle: durationField()
      .prefault("0s")
      .meta({ description: "Close a connection after this time without calls; 0s: never.", examples: ["5m"] }),
    max_connection_age: durationField()
      .prefault("0s")
      .meta({ description: "Ask a client to reconnect after this time, so that load spreads; 0s: never.", examples: ["10m"] }),
    max_connection_age_grace: durationField()
      .prefault("0s")
      .meta({ description: "Time for open calls after `max_connection_age`; 0s: until they end.", examples: ["30s"] }),
    time: durationField()
      .prefault("2h")
      .meta({ description: "Ping a connection this often.", examples: ["1m"] }),
    timeout: durationField()
      .prefault("20s")
      .meta({ description: "Close a connection whose ping was not answered in this time.", examples: ["10s"] }),
  })
  .prefault({})
  .meta({ description: "Pings and age of connections.", examples: [{ max_connection_age: "10m" }] });

const enforcementPolicy = z
  .strictObject({
    min_time: durationField()
      .prefault("5m")
      .meta({ description: "Shortest time between two pings of a client.", examples: ["10s"] }),
    permit_without_stream: z
      .boolean()
      .default(false)
      .meta({ description: "Whether a client may ping while it has no call open.", examples: [true] }),
  })
  .prefault({})
  .meta({ description: "Clients that ping more often are sent away (ENHANCE_YOUR_CALM).", examples: [{ min_time: "10s" }] });

/** `protocols.grpc`: configgrpc.ServerConfig. */
export const grpcField = z
  .strictObject({
    endpoint: endpointField("localhost:4317"),
    transport: transportField,
    max_recv_msg_size_mib: z
      .int()
      .min(0)
      .max(2047)
      .meta({ examples: [16] })
      .transform((mib) => (mib === 0 ? 64 : mib))
      .prefault(64)
      .meta({
        description:
          "Largest message in MiB, before and after decompression; 0 takes the default. OTLP 1.11 recommends 64; the Collector's default is 4.",
      }),
    max_concurrent_streams: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: "Calls that one connection may have open; 0 takes 1024, where the Collector has no limit.", examples: [100] }),
    ...bufferFields,
    read_timeout: durationField()
      .prefault("1m")
      .meta({ description: "How long the message of a call may take to arrive; 0s: no limit.", examples: ["30s"] }),
    include_metadata: z
      .boolean()
      .default(false)
      .meta({ description: "Keep the request metadata beside the data, for processors that read it.", examples: [true] }),
    keepalive: z
      .strictObject({ server_parameters: serverParameters, enforcement_policy: enforcementPolicy })
      .prefault({})
      .meta({
        description: "Keeps connections alive, young and calm.",
        examples: [{ server_parameters: { max_connection_age: "10m" } }],
      }),
    max_connections: z
      .int()
      .min(0)
      .default(16_384)
      .meta({ description: "Connections that may be open; more are closed at once. 0: no limit. Not in the Collector.", examples: [1000] }),
    auth: grpcAuthField.optional(),
    middlewares: middlewaresField,
    tls: serverTlsField.optional(),
  })
  .meta({ description: "OTLP over gRPC.", examples: [{ endpoint: "0.0.0.0:4317" }] });

/** Checked `protocols.grpc`. */
export type GrpcConfig = z.output<typeof grpcField>;
