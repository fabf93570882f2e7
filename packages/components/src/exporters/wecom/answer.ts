import { PipelineError } from "@tidemark/core";
import type { HttpAnswer } from "../../transport/http-poster.ts";
import { httpError, type JsonPoster } from "../../notify/json-poster.ts";

/** "API freq out of limit": this robot has sent too much; a whole window has to pass. */
export const RATE_LIMITED = 45009;
const SYSTEM_BUSY = -1;
const WINDOW_MS = 60_000;

/** What to do about the errors that have a known cause. */
const FIXES: Readonly<Record<number, string>> = {
  93000: "the robot was removed or its key is wrong; copy the webhook URL from the group again",
  40008: "the message type is not accepted; use format: text",
  40058: "a parameter is not accepted",
};

/** A WeCom error, by its code. */
export interface Rejection {
  readonly errcode: number;
  readonly error: PipelineError;
}

/** Reads a robot's answer: HTTP is 200 even for failures, `errcode` decides. Undefined means that the message was sent. */
export function rejectionOf(answer: HttpAnswer, poster: JsonPoster, now: number): Rejection | undefined {
  if (answer.status !== 200) return { errcode: Number.NaN, error: httpError(answer, poster, now) };
  const text = answer.body.toString("utf8");
  const { errcode, errmsg } = parse(text);
  if (errcode === 0) return undefined;
  if (errcode === undefined) {
    // Not the API's words: something in between answered.
    return {
      errcode: Number.NaN,
      error: PipelineError.unavailable(`${poster.host} did not answer as a WeCom robot does: ${poster.excerpt(text)}`),
    };
  }
  const message = `${poster.host} answered errcode ${errcode}: ${poster.excerpt(errmsg)}${FIXES[errcode] === undefined ? "" : ` (${FIXES[errcode]})`}`;
  if (errcode === RATE_LIMITED) return { errcode, error: PipelineError.exhausted(message, WINDOW_MS) };
  if (errcode === SYSTEM_BUSY) return { errcode, error: PipelineError.unavailable(message) };
  return { errcode, error: PipelineError.invalid(message) };
}

function parse(text: string): { errcode: number | undefined; errmsg: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return { errcode: undefined, errmsg: "" };
    const { errcode, errmsg } = value as { errcode?: unknown; errmsg?: unknown };
    return { errcode: typeof errcode === "number" ? errcode : undefined, errmsg: typeof errmsg === "string" ? errmsg : "" };
  } catch {
    return { errcode: undefined, errmsg: "" };
  }
}
