import { PipelineError, type ClientAuthenticator, type ComponentContext, type Exporter, type SendContext } from "@tidemark/core";
import { decodeExportResponse, decodeStatus, exportResponseFromJson, statusFromJson, type Batch, type Signal } from "@tidemark/otlp";
import { pipelineCodeOf } from "../../transport/grpc-status.ts";
import type { ConnectionOptions } from "node:tls";
import { Balancer } from "../../transport/balancer.ts";
import { tellPartialSuccess } from "../../transport/partial-success.ts";
import { BodyMaker, type RequestBody } from "../../transport/bodies/request-body.ts";
import { parseRetryAfter } from "../../transport/retry-after.ts";
import { TlsSource } from "../../transport/tls/tls-source.ts";
import type { OtlpHttpExporterConfig } from "./config.ts";
import { connectionsOf } from "../../transport/http-client-fields.ts";
import { HttpAgents, HttpPoster, type HttpAnswer } from "../../transport/http-poster.ts";

/** OTLP 1.11, "Failures": every other 4xx and 5xx must not be sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
/** OTLP 1.11 recommends 64 MiB as the largest request that a client sends. */
const MAX_REQUEST_BYTES = 64 << 20;
const CONTENT_TYPES = { proto: "application/x-protobuf", json: "application/json" } as const;

/** Sends each batch as one POST. */
export class OtlpHttpExporter implements Exporter {
  readonly #config: OtlpHttpExporterConfig;
  readonly #context: ComponentContext;
  readonly #bodies: BodyMaker;
  readonly #balancers = new Map<Signal, Balancer<HttpPoster>>();
  #agents: HttpAgents | undefined;
  #certificates: TlsSource<ConnectionOptions> | undefined;
  #authenticator: ClientAuthenticator | undefined;

  constructor(config: OtlpHttpExporterConfig, context: ComponentContext) {
    this.#config = config;
    this.#context = context;
    this.#bodies = new BodyMaker(config.compression, config.compression_params.level);
  }

  /** Rejects when a certificate cannot be read. Connections are made when there is something to send. */
  async start(): Promise<void> {
    const { auth, balancer_name: policy, encoding } = this.#config;
    const { clock, random } = this.#context;
    if (auth !== undefined) this.#authenticator = this.#context.capability("clientAuthenticator", auth.authenticator);
    const certificates = await TlsSource.client(this.#config.tls, this.#context);
    const agents = new HttpAgents(certificates.current, connectionsOf(this.#config));
    certificates.onChange((tls) => agents.setTls(tls));
    const headers = { "user-agent": "tidemark", ...this.#config.headers, "content-type": CONTENT_TYPES[encoding] };
    for (const signal of SIGNALS) {
      const urls = this.#urlsOf(signal);
      if (urls.length === 0) continue;
      const balancer = new Balancer<HttpPoster>({ policy, waitForReady: false, clock, random });
      balancer.setMembers(urls.map((url) => new HttpPoster(url, headers, agents)));
      this.#balancers.set(signal, balancer);
    }
    this.#certificates = certificates;
    this.#agents = agents;
  }

  shutdown(): void {
    this.#certificates?.close();
    this.#agents?.close();
    this.#balancers.clear();
    this.#bodies.close();
  }

  async send(batch: Batch, context: SendContext): Promise<void> {
    const { encoding } = this.#config;
    const balancer = this.#balancers.get(batch.signal);
    if (balancer === undefined)
      throw new PipelineError(`no endpoint for ${batch.signal}; set endpoint or ${batch.signal}_endpoint`, {
        code: "unimplemented",
        retryable: false,
      });
    if (encoding === "proto" && batch.byteLength > MAX_REQUEST_BYTES) throw tooLarge(batch.byteLength);
    const { compression, signal } = context;
    const packed =
      encoding === "proto" ? this.#bodies.proto(batch, compression) : this.#bodies.plain(Buffer.from(batch.toJson()), compression);
    const body = packed instanceof Promise ? await packed : packed;
    if (body.length > MAX_REQUEST_BYTES) throw tooLarge(body.length);
    const answer = await balancer.run((poster) => this.#post(poster, body, signal), signal);
    // Answered before all of it was out, or by another server after one that failed.
    if (body.readers > 0) batch.keep();
    this.#readSuccess(batch.signal, answer, context);
  }

  async #post(poster: HttpPoster, body: RequestBody, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await poster.post(body, signal, this.#authenticator?.headers());
    if (answer.status >= 200 && answer.status <= 299) return answer;
    throw this.#errorOf(answer, poster.url);
  }

  #readSuccess(signal: Signal, answer: HttpAnswer, context: SendContext): void {
    if (answer.body.length === 0) return;
    const { log } = this.#context;
    if (isJson(answer)) tellPartialSuccess(signal, () => exportResponseFromJson(signal, answer.body.toString("utf8")), { context, log });
    else if (answer.contentType.startsWith(CONTENT_TYPES.proto)) {
      tellPartialSuccess(signal, () => decodeExportResponse(signal, answer.body), { context, log });
    }
  }

  #errorOf(answer: HttpAnswer, url: string): PipelineError {
    const { status } = answer;
    const said = readStatus(answer.body, isJson(answer));
    const message = `error exporting items, request to ${url} responded with HTTP Status Code ${status}${said.message === "" ? "" : `, Message=${said.message}`}`;
    if (RETRYABLE.has(status)) {
      const retryAfterMs =
        status === 429 || status === 503 ? (parseRetryAfter(answer, this.#context.clock.now()) ?? said.retryDelayMs) : undefined;
      return new PipelineError(message, {
        code: status === 429 ? "resource_exhausted" : "unavailable",
        retryable: true,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    return new PipelineError(message, { code: permanentCode(status, said.code), retryable: false });
  }

  #urlsOf(signal: Signal): readonly string[] {
    const { endpoint, endpoints } = this.#config;
    const own = this.#config[`${signal}_endpoint`];
    if (own !== undefined) return [own];
    return (endpoint === undefined ? endpoints : [endpoint]).map((base) => `${base.replace(/\/+$/, "")}/v1/${signal}`);
  }
}

function tooLarge(bytes: number): PipelineError {
  return PipelineError.invalid(
    `the request would be ${bytes} bytes and OTLP allows ${MAX_REQUEST_BYTES}; set send_batch_max_size in the batch processor`,
  );
}

function isJson(answer: Pick<HttpAnswer, "contentType">): boolean {
  return answer.contentType.startsWith(CONTENT_TYPES.json);
}

function permanentCode(status: number, grpcCode: number): PipelineError["code"] {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "permission_denied";
  if (status === 404 || status === 405) return "unimplemented";
  if (status >= 400 && status <= 499) return "invalid_argument";
  const code = pipelineCodeOf(grpcCode);
  return code === "unavailable" || code === "deadline_exceeded" || code === "resource_exhausted" ? "internal" : code;
}

/** google.rpc.Status, or the plain text that proxies answer with, cut short. */
function readStatus(body: Buffer, json: boolean): { code: number; message: string; retryDelayMs?: number } {
  if (body.length === 0) return { code: 0, message: "" };
  try {
    return json ? statusFromJson(body.toString("utf8")) : decodeStatus(body);
  } catch {
    return { code: 0, message: body.toString("utf8", 0, 256).trim() };
  }
}
