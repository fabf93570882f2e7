import type { Signal } from "@tidemark/otlp";
import type { Cors } from "./cors.ts";
import type { HttpConfig } from "./http-fields.ts";
import type { Intake } from "./intake.ts";

/** What every exchange of one server shares. */
export interface HttpParts {
  readonly config: HttpConfig;
  readonly intake: Intake;
  readonly routes: ReadonlyMap<string, Signal>;
  readonly encodings: ReadonlySet<string>;
  readonly cors: Cors | undefined;
  /** Headers beside those of the answer itself; undefined where there are none, which is the fast path. */
  readonly responseHeaders: readonly (readonly [string, string])[] | undefined;
  /** Set when answers must end their connection. */
  closing: boolean;
}
