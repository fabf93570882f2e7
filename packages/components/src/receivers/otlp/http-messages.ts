import { encodeStatus, statusToJson, type RpcStatus } from "@tidemark/otlp";
import type { IncomingHttpHeaders } from "node:http";
import { GRPC } from "../../transport/grpc-status.ts";
import { badRequestBytes, badRequestJson } from "./bad-request.ts";
import type { ErrorAnswer } from "./answer.ts";

export const PROTOBUF = "application/x-protobuf";
export const JSON_TYPE = "application/json";
/** OTLP 1.11: responses stay under 4 MiB; an error text gets what fits comfortably. */
const MAX_MESSAGE_CHARS = 16 << 10;

/** The google.rpc.Status that is the body of every 4xx and 5xx. */
export function statusBody({ grpcCode: code, message, retryDelayMs, violation }: ErrorAnswer, json: boolean): Uint8Array {
  const status: RpcStatus = { code, message: shorten(message), ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
  if (violation === undefined) return json ? Buffer.from(statusToJson(status)) : encodeStatus(status);
  if (json) return Buffer.from(JSON.stringify({ code, message: status.message, details: [badRequestJson(violation)] }));
  return Buffer.concat([encodeStatus(status), badRequestBytes(violation)]);
}

export function shorten(message: string): string {
  return message.length <= MAX_MESSAGE_CHARS ? message : `${message.slice(0, MAX_MESSAGE_CHARS)}…`;
}

/** The path of a target in origin form (`/v1/traces?x`) or absolute form (`http://host/v1/traces`, RFC 9112 3.2.2). */
export function pathOf(url: string): string {
  const start = /^https?:\/\/[^/?]*/i.exec(url)?.[0].length ?? 0;
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** The type without parameters, in lower case. */
export function mediaType(header: string | undefined): string {
  if (header === undefined || header === PROTOBUF || header === JSON_TYPE) return header ?? "";
  return (header.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/** Whether an answer may leave in gzip (RFC 9110 12.5.3). */
export function acceptsGzip(accepted: string | readonly string[] | undefined): boolean {
  if (accepted === undefined) return false;
  const weight = (name: string): number | undefined => {
    for (const part of String(accepted).toLowerCase().split(",")) {
      const [coding = "", ...parameters] = part.split(";").map((text) => text.trim());
      if (coding !== name) continue;
      const quality = parameters.find((text) => text.startsWith("q="));
      return quality === undefined ? 1 : Number(quality.slice(2));
    }
    return undefined;
  };
  return (weight("gzip") ?? weight("x-gzip") ?? weight("*") ?? 0) > 0;
}

/** Request headers by name, without the pseudo-headers of HTTP/2. */
export function metadataOf(headers: IncomingHttpHeaders): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    out.set(name, Array.isArray(value) ? value : [value]);
  }
  return out;
}

const BROKEN: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "Payload Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
};

/** The whole answer, head and body, to bytes that Node could not read as a request of HTTP/1.1. */
export function brokenRequestAnswer(error: { readonly code?: string; readonly message: string }, json: boolean): Buffer {
  const [status, reason] = BROKEN[error.code ?? ""] ?? [400, "Bad Request"];
  const message = status === 408 ? "the request did not arrive in time" : error.message;
  const answer: ErrorAnswer = { kind: "error", grpcCode: GRPC.INVALID_ARGUMENT, httpStatus: status, message, retryDelayMs: undefined };
  const body = statusBody(answer, json);
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: ${json ? JSON_TYPE : PROTOBUF}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
