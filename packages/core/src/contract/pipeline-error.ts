import { messageOf } from "./message-of.ts";

/** Closed list of what can go wrong with data on its way, named after the gRPC status that a client sees. */
export type PipelineErrorCode =
  | "invalid_argument"
  | "unauthenticated"
  | "permission_denied"
  | "unimplemented"
  | "resource_exhausted"
  | "unavailable"
  | "deadline_exceeded"
  | "internal";

/** What a `PipelineError` can say beside its message. */
export interface PipelineErrorOptions {
  readonly code: PipelineErrorCode;
  /** Whether sending the same data again can succeed. */
  readonly retryable: boolean;
  /** The least time to wait before the next try, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The one error type that crosses component borders. Receivers turn it into the answer that their protocol has for it. */
export class PipelineError extends Error {
  override readonly name = "PipelineError";
  readonly code: PipelineErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: PipelineErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The data cannot be accepted now; the same data can be sent again later. */
  static unavailable(message: string, retryAfterMs?: number): PipelineError {
    return new PipelineError(message, { code: "unavailable", retryable: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  /** A budget is used up; `retryAfterMs` tells the client when to come back. */
  static exhausted(message: string, retryAfterMs: number): PipelineError {
    return new PipelineError(message, { code: "resource_exhausted", retryable: true, retryAfterMs });
  }

  /** The data itself is at fault: sending it again cannot help. */
  static invalid(message: string, cause?: unknown): PipelineError {
    return new PipelineError(message, { code: "invalid_argument", retryable: false, cause });
  }

  /** Normalises anything that was caught. Errors of unknown origin are permanent `internal` ones; wire errors are the data's fault. */
  static from(caught: unknown): PipelineError {
    if (caught instanceof PipelineError) return caught;
    if (caught instanceof Error && caught.name === "WireError") return PipelineError.invalid(caught.message, caught);
    const message = messageOf(caught);
    return new PipelineError(message, { code: "internal", retryable: false, cause: caught });
  }
}
