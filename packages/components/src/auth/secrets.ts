import { hash, timingSafeEqual } from "node:crypto";
import { PipelineError, type RequestHeaders } from "@tidemark/core";

/** A text that can be compared without its content or length showing in the time it takes. */
export function digestOf(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** Whether one of the digests is that of `text`. All are compared, so the time does not tell which. */
export function matchesOne(digests: readonly Buffer[], text: string): boolean {
  const digest = digestOf(text);
  let found = false;
  for (const expected of digests) if (timingSafeEqual(expected, digest)) found = true;
  return found;
}

/** The first value of a header, "" if it is absent. `name` is in lower case. */
export function headerOf(headers: RequestHeaders, name: string): string {
  const value = headers[name];
  return (typeof value === "string" ? value : value?.[0]) ?? "";
}

/** What a client that may not send is answered: 401 or UNAUTHENTICATED. */
export function unauthenticated(message: string): PipelineError {
  return new PipelineError(message, { code: "unauthenticated", retryable: false });
}
