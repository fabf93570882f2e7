import type { Signal } from "@tidemark/otlp";
import type { Cors } from "./cors.ts";
import type { Door } from "./door.ts";
import type { HttpConfig } from "./http-fields.ts";
import type { Intake } from "./intake.ts";
import type { OpenCalls } from "./open-calls.ts";

/** What every exchange of one server shares. */
export interface HttpParts {
  readonly config: HttpConfig;
  readonly intake: Intake;
  readonly routes: ReadonlyMap<string, Signal>;
  readonly encodings: ReadonlySet<string>;
  readonly cors: Cors | undefined;
  /** Headers beside those of the answer itself; undefined where there are none, which is the fast path. */
  readonly responseHeaders: readonly (readonly [string, string])[] | undefined;
  /** Requests over HTTP/2; Node watches over those of HTTP/1.1 itself. */
  readonly open: OpenCalls;
  readonly now: () => number;
  /** Undefined: everybody comes in. Set at start, when the extensions are there. */
  door: Door | undefined;
  /** Set when answers must end their connection. */
  closing: boolean;
}
