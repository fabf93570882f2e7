import { PipelineError, replaceControls } from "@tidemark/core";
import type { ConnectionOptions } from "node:tls";
import { parseRetryAfter } from "../transport/retry-after.ts";
import { HttpAgents, HttpPoster, type HttpAnswer } from "../transport/http-poster.ts";

/** Longest piece of an answer that goes into an error message, in characters. */
const MAX_EXCERPT = 200;

/**
 * Posts JSON to a URL that may hold a secret in its path or query (a robot's key, a token): errors name the host only, and
 * the secret is taken out of whatever the server echoes.
 */
export class JsonPoster {
  readonly host: string;
  readonly #agents: HttpAgents;
  readonly #poster: HttpPoster;
  readonly #secrets: readonly string[];

  constructor(url: string, headers: Readonly<Record<string, string>>, tls: ConnectionOptions) {
    const { host, pathname, search, searchParams, username, password } = new URL(url);
    this.host = host;
    this.#secrets = [url, pathname + search, search.slice(1), ...searchParams.values(), username, password].filter(
      (secret) => secret.length > 1,
    );
    this.#agents = new HttpAgents(tls);
    const type = { "content-type": "application/json; charset=utf-8" };
    this.#poster = new HttpPoster(url, { "user-agent": "tidemark", ...headers, ...type }, this.#agents);
  }

  /** Resolves with any complete answer; rejects with a `PipelineError` when there was none. */
  async post(value: unknown, signal: AbortSignal): Promise<HttpAnswer> {
    const body = Buffer.from(JSON.stringify(value));
    try {
      return await this.#poster.post({ chunks: [body], length: body.length, encoding: "", readers: 0 }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new PipelineError(`request to ${this.host} failed: ${reasonOf(error)}`, { code: "unavailable", retryable: true });
    }
  }

  /** The start of an answer's text, on one line and without secrets. */
  excerpt(text: string): string {
    let clean = replaceControls(text, () => " ");
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "***");
    return clean.slice(0, MAX_EXCERPT);
  }

  close(): void {
    this.#agents.close();
  }
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return "no answer";
  return cause.message || ((cause as NodeJS.ErrnoException).code ?? "no answer");
}

/** What an HTTP status other than 2xx means: 5xx, 408 and 429 (with its Retry-After) may be tried again, the rest is permanent. */
export function httpError(answer: HttpAnswer, poster: JsonPoster, now: number): PipelineError {
  const { status } = answer;
  const said = poster.excerpt(answer.body.toString("utf8"));
  const message = `${poster.host} answered HTTP ${status}${said === "" ? "" : `: ${said}`}`;
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfterMs = parseRetryAfter(answer, now);
    return new PipelineError(message, {
      code: status === 429 ? "resource_exhausted" : "unavailable",
      retryable: true,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  return new PipelineError(message, { code: permanentCode(status), retryable: false });
}

function permanentCode(status: number): PipelineError["code"] {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "permission_denied";
  return status === 404 || status === 405 ? "unimplemented" : "invalid_argument";
}
