import { PipelineError, type ComponentContext, type Exporter, type SendContext } from "@tidemark/core";
import { decodeExportResponse, decodeStatus, exportResponseFromJson, statusFromJson, type Batch, type Signal } from "@tidemark/otlp";
import { pipelineCodeOf } from "../../transport/grpc-status.ts";
import { BodyMaker } from "../../transport/request-body.ts";
import { parseRetryAfter } from "../../transport/retry-after.ts";
import { loadClientTls } from "../../transport/tls.ts";
import type { OtlpHttpExporterConfig } from "./config.ts";
import { HttpPoster, type HttpAnswer } from "../../transport/http-poster.ts";

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
  readonly #posters = new Map<Signal, HttpPoster>();

  constructor(config: OtlpHttpExporterConfig, context: ComponentContext) {
    this.#config = config;
    this.#context = context;
    this.#bodies = new BodyMaker(config.compression, config.compression_params.level);
  }

  /** Rejects when a certificate cannot be read. Connections are made when there is something to send. */
  async start(): Promise<void> {
    const { disable_keep_alives, max_conns_per_host } = this.#config;
    const tls = await loadClientTls(this.#config.tls);
    const connections = { keepAlive: !disable_keep_alives, maxSockets: max_conns_per_host || Number.POSITIVE_INFINITY };
    const headers = { "user-agent": "tidemark", ...this.#config.headers, "content-type": CONTENT_TYPES[this.#config.encoding] };
    for (const signal of SIGNALS) {
      const url = this.#urlOf(signal);
      if (url !== undefined) this.#posters.set(signal, new HttpPoster(url, headers, tls, connections));
    }
  }

  shutdown(): void {
    for (const poster of this.#posters.values()) poster.close();
    this.#posters.clear();
    this.#bodies.close();
  }

  async send(batch: Batch, context: SendContext): Promise<void> {
    const { encoding } = this.#config;
    const poster = this.#posters.get(batch.signal);
    if (poster === undefined)
      throw new PipelineError(`no endpoint for ${batch.signal}; set endpoint or ${batch.signal}_endpoint`, {
        code: "unimplemented",
        retryable: false,
      });
    if (encoding === "proto" && batch.byteLength > MAX_REQUEST_BYTES) throw tooLarge(batch.byteLength);
    const packed = encoding === "proto" ? this.#bodies.proto(batch) : this.#bodies.plain(Buffer.from(batch.toJson()));
    const body = packed instanceof Promise ? await packed : packed;
    if (body.length > MAX_REQUEST_BYTES) throw tooLarge(body.length);
    const answer = await poster.post(body, context.signal);
    if (answer.status >= 200 && answer.status <= 299) return this.#readSuccess(batch.signal, answer, context);
    throw this.#errorOf(answer, poster.url);
  }

  #readSuccess(signal: Signal, answer: HttpAnswer, context: SendContext): void {
    if (answer.body.length === 0) return;
    let partial: { rejected: number; message: string };
    try {
      if (isJson(answer)) partial = exportResponseFromJson(signal, answer.body.toString("utf8"));
      else if (answer.contentType.startsWith(CONTENT_TYPES.proto)) partial = decodeExportResponse(signal, answer.body);
      else return;
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

  #errorOf({ status, retryAfter, ...answer }: HttpAnswer, url: string): PipelineError {
    const said = readStatus(answer.body, isJson(answer));
    const message = `error exporting items, request to ${url} responded with HTTP Status Code ${status}${said.message === "" ? "" : `, Message=${said.message}`}`;
    if (RETRYABLE.has(status)) {
      const retryAfterMs =
        status === 429 || status === 503 ? (parseRetryAfter(retryAfter, this.#context.clock.now()) ?? said.retryDelayMs) : undefined;
      return new PipelineError(message, {
        code: status === 429 ? "resource_exhausted" : "unavailable",
        retryable: true,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    return new PipelineError(message, { code: permanentCode(status, said.code), retryable: false });
  }

  #urlOf(signal: Signal): string | undefined {
    const { endpoint } = this.#config;
    const own = this.#config[`${signal}_endpoint`];
    return own ?? (endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, "")}/v1/${signal}`);
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
