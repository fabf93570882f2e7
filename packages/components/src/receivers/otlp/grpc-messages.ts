import { encodeStatus } from "@tidemark/otlp";
import { encodeGrpcMessage, GRPC } from "../../transport/grpc-status.ts";
import type { Field } from "../../transport/http2/header-decoder.ts";
import type { Stream } from "../../transport/http2/stream.ts";
import { badRequestBytes, type Violation } from "./bad-request.ts";

export const ACCEPTED_ENCODINGS = "identity,gzip,zstd";
export const GRPC_TYPE = "application/grpc";
/** Header lists of clients are limited, often to 8 KiB; grpc-message and its percent-encoding must fit. */
export const MAX_MESSAGE_CHARS = 1024;

/** What a call that failed tells its client. */
export interface GrpcFailure {
  readonly code: number;
  readonly message: string;
  readonly retryDelayMs?: number | undefined;
  /** Which data is at fault. */
  readonly violation?: Violation | undefined;
  /** For `www-authenticate`. */
  readonly challenge?: string | undefined;
}

/** Trailers-only: the whole answer is one header block. */
export function respondFailure(stream: Stream, { code, message: text, retryDelayMs, violation, challenge }: GrpcFailure): void {
  const message = text.slice(0, MAX_MESSAGE_CHARS);
  const fields: Field[] = [
    [":status", "200"],
    ["content-type", GRPC_TYPE],
    ["grpc-status", String(code)],
    ["grpc-message", encodeGrpcMessage(message)],
  ];
  if (retryDelayMs !== undefined || violation !== undefined) {
    const status = encodeStatus({ code, message, ...(retryDelayMs === undefined ? {} : { retryDelayMs }) });
    const details = violation === undefined ? [status] : [status, badRequestBytes(violation)];
    fields.push(["grpc-status-details-bin", Buffer.concat(details).toString("base64")]);
  }
  if (challenge !== undefined) fields.push(["www-authenticate", challenge]);
  if (code === GRPC.UNIMPLEMENTED) fields.push(["grpc-accept-encoding", ACCEPTED_ENCODINGS]);
  stream.respond(fields, true);
}
