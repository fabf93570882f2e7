import { messageOf, type Outcome, type PipelineError } from "@tidemark/core";
import { WireError } from "@tidemark/otlp";
import { GRPC, grpcCodeOf } from "../../transport/grpc-status.ts";
import type { Violation } from "./bad-request.ts";

/** What a client is told, before it is put into the words of a protocol. */
export type Answer = { readonly kind: "success" } | PartialAnswer | ErrorAnswer;

/** Some items were not taken and must not be sent again. */
export interface PartialAnswer {
  readonly kind: "partial";
  readonly rejected: number;
  readonly message: string;
}

/** The request was not taken. */
export interface ErrorAnswer {
  readonly kind: "error";
  readonly grpcCode: number;
  readonly httpStatus: number;
  readonly message: string;
  readonly retryDelayMs: number | undefined;
  /** Which data is at fault. */
  readonly violation?: Violation;
}

export const SUCCESS: Answer = { kind: "success" };

/** HTTP status of a gRPC code: the Collector's table (receiver/otlpreceiver/internal/errors). */
const HTTP_STATUS: ReadonlyMap<number, number> = new Map<number, number>([
  [GRPC.CANCELLED, 503],
  [GRPC.DEADLINE_EXCEEDED, 503],
  [GRPC.ABORTED, 503],
  [GRPC.OUT_OF_RANGE, 503],
  [GRPC.UNAVAILABLE, 503],
  [GRPC.DATA_LOSS, 503],
  [GRPC.RESOURCE_EXHAUSTED, 429],
  [GRPC.INVALID_ARGUMENT, 400],
  [GRPC.UNAUTHENTICATED, 401],
  [GRPC.PERMISSION_DENIED, 403],
  [GRPC.UNIMPLEMENTED, 404],
]);

/** An error answer; the HTTP status follows from the gRPC code unless it is given. */
export function errorAnswer(grpcCode: number, message: string, retryDelayMs?: number, httpStatus?: number): ErrorAnswer {
  return { kind: "error", grpcCode, httpStatus: httpStatus ?? HTTP_STATUS.get(grpcCode) ?? 500, message, retryDelayMs };
}

/** The answer to data that cannot be read; wire errors know where. */
export function badDataAnswer(caught: unknown): ErrorAnswer {
  const message = messageOf(caught);
  const field = caught instanceof WireError ? caught.path : "";
  return { ...errorAnswer(GRPC.INVALID_ARGUMENT, message), violation: { field, description: message } };
}

/** The answer for a body over the limit. Without RetryInfo, so that no client sends it again (OTLP 1.11). */
export function tooLargeAnswer(message: string): ErrorAnswer {
  return errorAnswer(GRPC.RESOURCE_EXHAUSTED, message, undefined, 413);
}

/** When no component knows better, a client that met a full budget comes back after this time. */
export const PRESSURE_RETRY_MS = 1000;

/** Answer when the receiver's own byte budget is used up. */
export const OVERLOADED: ErrorAnswer = errorAnswer(
  GRPC.RESOURCE_EXHAUSTED,
  "the receiver holds max_in_flight_bytes already; send again later",
  PRESSURE_RETRY_MS,
);

/** Answer between shutdown and the end of the connection. */
export const SHUTTING_DOWN: ErrorAnswer = errorAnswer(GRPC.UNAVAILABLE, "the receiver is shutting down; send again elsewhere", undefined);

/** Puts what became of a batch of `items` into an answer. */
export function answerOf(outcome: Outcome, items: number): Answer {
  switch (outcome.kind) {
    case "delivered":
    case "dropped":
      return SUCCESS;
    case "refused":
      return refusedAnswer(outcome.error);
    case "failed":
      return outcome.items < items
        ? { kind: "partial", rejected: outcome.items, message: outcome.error.message }
        : failedAnswer(outcome.error);
  }
}

/** The client may send again, so the code must be one that says so: RESOURCE_EXHAUSTED needs RetryInfo for that. */
function refusedAnswer({ code, message, retryAfterMs }: PipelineError): ErrorAnswer {
  if (code === "resource_exhausted") return errorAnswer(GRPC.RESOURCE_EXHAUSTED, message, retryAfterMs ?? PRESSURE_RETRY_MS);
  return errorAnswer(code === "deadline_exceeded" ? GRPC.DEADLINE_EXCEEDED : GRPC.UNAVAILABLE, message, retryAfterMs);
}

/** The data is lost, so a code that invites another try becomes INTERNAL. */
function failedAnswer({ code, message }: PipelineError): ErrorAnswer {
  const invites = code === "unavailable" || code === "deadline_exceeded" || code === "resource_exhausted";
  return errorAnswer(invites ? GRPC.INTERNAL : grpcCodeOf(code), message);
}
