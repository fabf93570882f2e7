import type { CorsConfig } from "./http-fields.ts";

/** Headers that the Fetch standard lets any page send, and those that OTLP needs. */
const SAFELISTED = ["accept", "content-language", "content-type", "origin"];

/** Answers the questions of browsers. Credentials are always allowed, as in the Collector, so origins are echoed, never `*`. */
export class Cors {
  /** Each pattern in lower case, cut at its stars. */
  readonly #origins: readonly (readonly string[])[];
  readonly #headers: ReadonlySet<string>;
  readonly #exposed: string;
  readonly #maxAge: number;

  constructor(config: CorsConfig) {
    this.#origins = config.allowed_origins.map((pattern) => pattern.toLowerCase().split("*"));
    this.#headers = new Set([...SAFELISTED, ...config.allowed_headers.map((name) => name.toLowerCase())]);
    this.#exposed = config.exposed_headers.join(", ");
    this.#maxAge = config.max_age;
  }

  /** Headers for an answer to `origin`; empty when it is not allowed. */
  headersFor(origin: string): readonly (readonly [string, string])[] {
    const lowered = origin.toLowerCase();
    if (!this.#origins.some((parts) => isLike(lowered, parts))) return [];
    return [
      ["access-control-allow-origin", origin],
      ["access-control-allow-credentials", "true"],
      ...(this.#exposed === "" ? [] : [["access-control-expose-headers", this.#exposed] as const]),
    ];
  }

  /** Headers for a preflight answer; empty when the origin, method or a header is not allowed. */
  preflightFor(origin: string, method: string | undefined, requested: string | undefined): readonly (readonly [string, string])[] {
    const allowed = this.headersFor(origin);
    const names = (requested ?? "").split(",").flatMap((name) => name.trim().toLowerCase() || []);
    const headersAllowed = this.#headers.has("*") || names.every((name) => this.#headers.has(name));
    if (allowed.length === 0 || method?.toUpperCase() !== "POST" || !headersAllowed) return [];
    return [
      ...allowed,
      ["access-control-allow-methods", "POST"],
      ...(names.length === 0 ? [] : [["access-control-allow-headers", names.join(", ")] as const]),
      ...(this.#maxAge > 0 ? [["access-control-max-age", String(this.#maxAge)] as const] : []),
    ];
  }
}

/** Whether `parts` follow one another in `text`, from its start to its end, with anything between. Linear: a pattern never tries again. */
function isLike(text: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
