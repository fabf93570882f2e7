import { PipelineError, type ComponentContext, type Exporter, type SendContext } from "@tidemark/core";
import { decodeExportResponse, type Batch, type Signal } from "@tidemark/otlp";
import { BodyMaker, type Compression, type RequestBody } from "../../transport/request-body.ts";
import { loadClientTls } from "../../transport/tls.ts";
import type { OtlpGrpcExporterConfig } from "./config.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import { parseTarget } from "./target.ts";

const PATHS: Readonly<Record<Signal, string>> = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};
/** OTLP 1.11 recommends 64 MiB as the largest message that a client sends. */
const MAX_MESSAGE_BYTES = 64 << 20;

/** Sends each batch as one unary call. */
export class OtlpGrpcExporter implements Exporter {
  readonly #config: OtlpGrpcExporterConfig;
  readonly #context: ComponentContext;
  readonly #bodies: BodyMaker;
  #channel: GrpcChannel | undefined;

  constructor(config: OtlpGrpcExporterConfig, context: ComponentContext) {
    this.#config = config;
    this.#context = context;
    this.#bodies = new BodyMaker(grpcEncoding(config.compression), config.compression_params.level);
  }

  /** Rejects when a certificate cannot be read. The connection is made when there is something to send. */
  async start(): Promise<void> {
    const { endpoint, tls, headers, authority, keepalive, compression } = this.#config;
    const target = parseTarget(endpoint);
    if (target === undefined) throw new Error(`"${endpoint}" is not a gRPC endpoint`);
    const secure = target.secure ?? !tls.insecure;
    this.#channel = new GrpcChannel({
      target,
      tls: secure ? await loadClientTls(tls) : undefined,
      headers,
      authority,
      encoding: grpcEncoding(compression),
      keepalive,
      clock: this.#context.clock,
    });
  }

  shutdown(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#bodies.close();
  }

  async send(batch: Batch, context: SendContext): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) throw PipelineError.unavailable("the exporter is not started");
    const size = batch.byteLength;
    if (size > MAX_MESSAGE_BYTES) {
      throw PipelineError.invalid(
        `the message would be ${size} bytes and OTLP allows ${MAX_MESSAGE_BYTES}; set send_batch_max_size in the batch processor`,
      );
    }
    const packed = this.#bodies.proto(batch);
    const body = packed instanceof Promise ? await packed : packed;
    const answer = await channel.call(PATHS[batch.signal], body, context.signal);
    if (answer.length > 0) this.#readAnswer(batch.signal, answer, context);
  }

  #readAnswer(signal: Signal, answer: Buffer, context: SendContext): void {
    let partial: { rejected: number; message: string };
    try {
      partial = decodeExportResponse(signal, answer);
    } catch (error) {
      // The data was taken; only what else the server had to say is lost.
      return this.#context.log.warn("The answer to an accepted request could not be read", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
    if (partial.rejected > 0) context.rejected(partial.rejected, partial.message);
    if (partial.rejected > 0 || partial.message !== "") {
      this.#context.log.warn("Partial success response", { message: partial.message, [`dropped_${signal}`]: partial.rejected });
    }
  }
}

/** gRPC calls the zlib format `deflate` and has no other name for it. */
function grpcEncoding(compression: Compression): RequestBody["encoding"] {
  if (compression === "none") return "";
  return compression === "zlib" ? "deflate" : compression;
}
