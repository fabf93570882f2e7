import type { Clock, ComponentContext, Host, Timer } from "@tidemark/core";
import { frameHead, UnaryMessage } from "../../transport/grpc-frame.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { ERROR } from "../../transport/http2/frame.ts";
import type { Field } from "../../transport/http2/header-decoder.ts";
import type { RequestHead } from "../../transport/http2/request-head.ts";
import type { Stream } from "../../transport/http2/stream.ts";
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
/** Of a connection: one for each service and some to spare. */
const MAX_WATCHES = 8;

const ANSWER_HEAD: readonly Field[] = [
  [":status", "200"],
  ["content-type", GRPC_TYPE],
];

interface Watch {
  readonly stream: Stream;
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
  static answers(headers: RequestHead): boolean {
    const path = headers[":path"];
    return path === CHECK || path === WATCH;
  }

  begin(stream: Stream, headers: RequestHead): void {
    const message = new UnaryMessage();
    const call: OpenCall = { startedAt: this.#clock.now(), expire: () => stream.reset(ERROR.CANCEL) };
    const fail = (code: number, text: string): void => {
      if (!stream.headersSent) respondFailure(stream, { code, message: text });
    };
    this.#open.add(call);
    stream.listener = {
      onData: (chunk) => {
        if (stream.headersSent) return true;
        const fault = message.push(chunk);
        if (fault !== undefined) fail(GRPC.INVALID_ARGUMENT, fault);
        else if (message.compressed) fail(GRPC.UNIMPLEMENTED, "health requests are not compressed");
        else if (message.length > MAX_REQUEST_BYTES) fail(GRPC.INVALID_ARGUMENT, "the name of the service is too long");
        return message.isCopied;
      },
      onEnd: () => {
        if (stream.headersSent) return;
        const fault = message.end();
        const service = fault === undefined ? readServiceName(message.take()) : undefined;
        if (service === undefined) return fail(GRPC.INVALID_ARGUMENT, fault ?? "the request is not a grpc.health.v1.HealthCheckRequest");
        if (headers[":path"] === CHECK) return this.#check(stream, service, fail);
        this.#open.delete(call);
        this.#watch(stream, service, fail);
      },
      onClose: () => {
        this.#open.delete(call);
        for (const watch of this.#watches) if (watch.stream === stream) this.#watches.delete(watch);
      },
    };
  }

  /** Tells all watchers that it is over, so that their streams do not keep connections open. */
  shutdown(): void {
    this.#draining = true;
    this.#timer?.cancel();
    for (const watch of this.#watches) {
      this.#tell(watch);
      watch.stream.end(trailers(GRPC.UNAVAILABLE));
    }
    this.#watches.clear();
  }

  #check(stream: Stream, service: string, fail: (code: number, text: string) => void): void {
    const status = this.#statusOf(service);
    if (status === SERVICE_UNKNOWN) return fail(GRPC.NOT_FOUND, `unknown service "${service}"`);
    stream.respond(ANSWER_HEAD, false);
    stream.write(responseFrame(status));
    stream.end(trailers(GRPC.OK));
  }

  #watch(stream: Stream, service: string, fail: (code: number, text: string) => void): void {
    let ofConnection = 0;
    for (const watch of this.#watches) if (watch.stream.connection === stream.connection) ofConnection += 1;
    if (ofConnection >= MAX_WATCHES) return fail(GRPC.RESOURCE_EXHAUSTED, `more than ${MAX_WATCHES} watches on a connection`);
    const watch: Watch = { stream, service, told: 0 };
    stream.respond(ANSWER_HEAD, false);
    this.#tell(watch);
    if (this.#draining) return stream.end(trailers(GRPC.UNAVAILABLE));
    this.#watches.add(watch);
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
    if (status === watch.told || !watch.stream.isOpen) return;
    watch.told = status;
    watch.stream.write(responseFrame(status));
  }

  #statusOf(service: string): number {
    if (!SERVICES.has(service)) return SERVICE_UNKNOWN;
    return !this.#draining && this.#host.health().ready ? SERVING : NOT_SERVING;
  }
}

function trailers(code: number): readonly Field[] {
  return [["grpc-status", String(code)]];
}

/** HealthCheckResponse: field 1, the status. */
function responseFrame(status: number): Buffer {
  return Buffer.concat([frameHead(2, false), Buffer.from([0x08, status])]);
}
