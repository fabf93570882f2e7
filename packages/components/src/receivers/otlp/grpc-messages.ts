import { encodeStatus } from "@tidemark/otlp";
import type { ServerHttp2Stream } from "node:http2";
import { encodeGrpcMessage, GRPC } from "../../transport/grpc-status.ts";

export const ACCEPTED_ENCODINGS = "identity,gzip,zstd";
export const GRPC_TYPE = "application/grpc";
/** Header lists of clients are limited, often to 8 KiB; grpc-message and its percent-encoding must fit. */
export const MAX_MESSAGE_CHARS = 1024;

/** What a call that failed tells its client. */
export interface GrpcFailure {
  readonly code: number;
  readonly message: string;
  readonly retryDelayMs?: number | undefined;
  /** For `www-authenticate`. */
  readonly challenge?: string | undefined;
}

/** Trailers-only: the whole answer is one header block. */
export function respondFailure(stream: ServerHttp2Stream, { code, message: text, retryDelayMs, challenge }: GrpcFailure): void {
  const message = text.slice(0, MAX_MESSAGE_CHARS);
  stream.respond(
    {
      ":status": 200,
      "content-type": GRPC_TYPE,
      "grpc-status": String(code),
      "grpc-message": encodeGrpcMessage(message),
      ...(retryDelayMs === undefined
        ? {}
        : { "grpc-status-details-bin": Buffer.from(encodeStatus({ code, message, retryDelayMs })).toString("base64") }),
      ...(challenge === undefined ? {} : { "www-authenticate": challenge }),
      ...(code === GRPC.UNIMPLEMENTED ? { "grpc-accept-encoding": ACCEPTED_ENCODINGS } : {}),
    },
    { endStream: true },
  );
}
