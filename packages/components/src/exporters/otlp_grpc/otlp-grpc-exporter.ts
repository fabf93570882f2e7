import { PipelineError, type ComponentContext, type Exporter, type SendContext } from "@tidemark/core";
import { decodeExportResponse, type Batch, type Signal } from "@tidemark/otlp";
import type { ConnectionOptions } from "node:tls";
import { Balancer } from "../../transport/balancer.ts";
import { tellPartialSuccess } from "../../transport/partial-success.ts";
import { BodyMaker } from "../../transport/bodies/request-body.ts";
import { TlsSource } from "../../transport/tls/tls-source.ts";
import type { OtlpGrpcExporterConfig } from "./config.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import { GrpcEndpoints, type Resolve } from "./grpc-endpoints.ts";
import { parseTarget, type Target } from "./target.ts";

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
  readonly #resolve: Resolve;
  readonly #bodies: BodyMaker;
  readonly #balancer: Balancer<GrpcChannel>;
  #endpoints: GrpcEndpoints | undefined;
  #certificates: TlsSource<ConnectionOptions> | undefined;

  constructor(config: OtlpGrpcExporterConfig, context: ComponentContext, resolve: Resolve) {
    const { compression, compression_params, balancer_name: policy, wait_for_ready: waitForReady } = config;
    this.#config = config;
    this.#context = context;
    this.#resolve = resolve;
    this.#bodies = new BodyMaker(compression === "zlib" ? "deflate" : compression, compression_params.level);
    this.#balancer = new Balancer({ policy, waitForReady, clock: context.clock, random: context.random });
  }

  /** Rejects when a certificate cannot be read. Connections are made when there is something to send. */
  async start(): Promise<void> {
    const { endpoint, endpoints, tls, headers, auth, authority, keepalive } = this.#config;
    const { clock } = this.#context;
    const authenticator = auth === undefined ? undefined : this.#context.capability("clientAuthenticator", auth.authenticator);
    const targets = (endpoint === undefined ? endpoints : [endpoint]).map(targetOf);
    const isSecure = ({ secure }: Target): boolean => secure ?? !tls.insecure;
    const certificates = targets.some(isSecure) ? await TlsSource.client(tls, this.#context) : undefined;
    const open = (target: Target, address: string | undefined): GrpcChannel =>
      new GrpcChannel({
        target,
        address,
        tls: isSecure(target) ? () => certificates?.current ?? {} : undefined,
        headers,
        callHeaders: authenticator === undefined ? undefined : () => authenticator.headers(),
        authority,
        keepalive,
        clock,
      });
    this.#certificates = certificates;
    this.#endpoints = new GrpcEndpoints({ targets, balancer: this.#balancer, open, resolve: this.#resolve, context: this.#context });
  }

  shutdown(): void {
    this.#endpoints?.close();
    this.#endpoints = undefined;
    this.#certificates?.close();
    this.#bodies.close();
  }

  async send(batch: Batch, context: SendContext): Promise<void> {
    const endpoints = this.#endpoints;
    if (endpoints === undefined) throw PipelineError.unavailable("the exporter is not started");
    const size = batch.byteLength;
    if (size > MAX_MESSAGE_BYTES) {
      throw PipelineError.invalid(
        `the message would be ${size} bytes and OTLP allows ${MAX_MESSAGE_BYTES}; set send_batch_max_size in the batch processor`,
      );
    }
    const resolved = endpoints.ready();
    if (resolved !== undefined) await resolved;
    const packed = this.#bodies.proto(batch, context.compression);
    const body = packed instanceof Promise ? await packed : packed;
    const path = PATHS[batch.signal];
    const answer = await this.#balancer.run((channel) => channel.call(path, body, context.signal), context.signal);
    // Answered before all of it was out, or by another server after one that failed.
    if (body.readers > 0) batch.keep();
    if (answer.length > 0) {
      tellPartialSuccess(batch.signal, () => decodeExportResponse(batch.signal, answer), { context, log: this.#context.log });
    }
  }
}

function targetOf(endpoint: string): Target {
  const target = parseTarget(endpoint);
  if (target === undefined) throw new Error(`"${endpoint}" is not a gRPC endpoint`);
  return target;
}
