import type { Clock, ComponentContext, Host, Timer } from "@tidemark/core";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { frameHead, UnaryMessage } from "../../transport/grpc-frame.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { GRPC_TYPE, respondFailure } from "./grpc-messages.ts";
import { readServiceName } from "./health-request.ts";
import type { OpenCall, OpenCalls } from "./open-calls.ts";

const CHECK = "/grpc.health.v1.Health/Check";
const WATCH = "/grpc.health.v1.Health/Watch";
/** The empty name asks for the whole server. */
const SERVICES: ReadonlySet<string> = new Set([
  "",
  "opentelemetry.proto.collector.trace.v1.TraceService",
  "opentelemetry.proto.collector.metrics.v1.MetricsService",
  "opentelemetry.proto.collector.logs.v1.LogsService",
]);
/** grpc.health.v1.HealthCheckResponse.ServingStatus */
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
/** A request is a service name. */
const MAX_REQUEST_BYTES = 1024;
/** A change is told this late at the most. */
const WATCH_INTERVAL_MS = 1000;
/** One for each service and some to spare. */
const MAX_WATCHES_OF_SESSION = 8;

interface Watch {
  readonly stream: ServerHttp2Stream;
  readonly service: string;
  told: number;
}

/** grpc.health.v1.Health of the gRPC port: whether the pipelines are started and make progress. Needs no authentication, as probes have none. */
export class HealthService {
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #open: OpenCalls;
  readonly #watches = new Set<Watch>();
  #timer: Timer | undefined;
  #draining = false;

  constructor({ host, clock }: ComponentContext, open: OpenCalls) {
    this.#host = host;
    this.#clock = clock;
    this.#open = open;
  }

  /** Whether a call is for this service. */
  static answers(headers: IncomingHttpHeaders): boolean {
    const path = headers[":path"];
    return path === CHECK || path === WATCH;
  }

  begin(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const message = new UnaryMessage();
    const call: OpenCall = { startedAt: this.#clock.now(), expire: () => stream.close(constants.NGHTTP2_CANCEL) };
    const fail = (code: number, text: string): void => {
      if (stream.headersSent || stream.destroyed) return;
      respondFailure(stream, { code, message: text });
      stream.resume();
    };
    this.#open.add(call);
    stream.on("error", ignore);
    stream.on("close", () => this.#open.delete(call));
    stream.on("data", (chunk: Buffer) => {
      if (stream.headersSent) return;
      const fault = message.push(chunk);
      if (fault !== undefined) fail(GRPC.INVALID_ARGUMENT, fault);
      else if (message.compressed) fail(GRPC.UNIMPLEMENTED, "health requests are not compressed");
      else if (message.length > MAX_REQUEST_BYTES) fail(GRPC.INVALID_ARGUMENT, "the name of the service is too long");
    });
    stream.on("end", () => {
      if (stream.headersSent || stream.destroyed) return;
      const fault = message.end();
      const service = fault === undefined ? readServiceName(message.take()) : undefined;
      if (service === undefined) return fail(GRPC.INVALID_ARGUMENT, fault ?? "the request is not a grpc.health.v1.HealthCheckRequest");
      if (headers[":path"] === CHECK) return this.#check(stream, service, fail);
      this.#open.delete(call);
      this.#watch(stream, service, fail);
    });
  }

  /** Tells all watchers that it is over, so that their streams do not keep connections open. */
  shutdown(): void {
    this.#draining = true;
    this.#timer?.cancel();
    for (const watch of this.#watches) {
      this.#tell(watch);
      watch.stream.end();
    }
    this.#watches.clear();
  }

  #check(stream: ServerHttp2Stream, service: string, fail: (code: number, text: string) => void): void {
    const status = this.#statusOf(service);
    if (status === SERVICE_UNKNOWN) return fail(GRPC.NOT_FOUND, `unknown service "${service}"`);
    respond(stream, GRPC.OK);
    stream.end(responseFrame(status));
  }

  #watch(stream: ServerHttp2Stream, service: string, fail: (code: number, text: string) => void): void {
    const session = stream.session as ServerHttp2Session | undefined;
    let ofSession = 0;
    for (const watch of this.#watches) if (watch.stream.session === session) ofSession += 1;
    if (ofSession >= MAX_WATCHES_OF_SESSION)
      return fail(GRPC.RESOURCE_EXHAUSTED, `more than ${MAX_WATCHES_OF_SESSION} watches on a connection`);
    const watch: Watch = { stream, service, told: 0 };
    respond(stream, GRPC.UNAVAILABLE);
    this.#tell(watch);
    if (this.#draining) return void stream.end();
    this.#watches.add(watch);
    stream.on("close", () => this.#watches.delete(watch));
    if (this.#timer === undefined) this.#schedule();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      for (const watch of this.#watches) this.#tell(watch);
      if (this.#watches.size > 0) this.#schedule();
    }, WATCH_INTERVAL_MS);
  }

  #tell(watch: Watch): void {
    const status = this.#statusOf(watch.service);
    if (status === watch.told || watch.stream.destroyed) return;
    watch.told = status;
    watch.stream.write(responseFrame(status));
  }

  #statusOf(service: string): number {
    if (!SERVICES.has(service)) return SERVICE_UNKNOWN;
    return !this.#draining && this.#host.health().ready ? SERVING : NOT_SERVING;
  }
}

/** Answers with a stream of messages; `code` is what its trailers will say. */
function respond(stream: ServerHttp2Stream, code: number): void {
  stream.respond({ ":status": 200, "content-type": GRPC_TYPE }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(code) }));
}

/** HealthCheckResponse: field 1, the status. */
function responseFrame(status: number): Buffer {
  return Buffer.concat([frameHead(2, false), Buffer.from([0x08, status])]);
}

function ignore(): void {}
