import type { Clock, ClientAuthenticator } from "@tidemark/core";
import type { HttpAgents } from "../../transport/http-poster.ts";
import { exchange, type Answer } from "./exchange.ts";
import { CheckFailed, failureOf, TIMED_OUT, type Failure, type ReasonCode } from "./failure.ts";
import { nextHop, type Hop } from "./redirect.ts";
import type { Target } from "./target.ts";
import type { Validation } from "./validate-body.ts";

/** As Go's HTTP client: the request that would be one more fails. */
const MAX_REQUESTS = 10;

/** How often each type of validation came out one way. */
export type ValidationCounts = Readonly<Partial<Record<Validation["type"], number>>>;

/** What a check has found. */
export interface CheckResult {
  readonly target: Target;
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly durationMs: number;
  /** What is known of the answer, also when it broke off; undefined when there was none. */
  readonly answer: Omit<Answer, "body"> | undefined;
  /** Why there is no answer, or no whole one. */
  readonly failure: Failure | undefined;
  readonly passed: ValidationCounts;
  readonly failed: ValidationCounts;
  /** Why the target is not well; undefined when it is. */
  readonly reason: ReasonCode | undefined;
}

/** By what a target is reached. */
export interface Client {
  readonly agents: HttpAgents;
  readonly authenticator: ClientAuthenticator | undefined;
}

/** Checks a target once. Never rejects; undefined when `stop` aborted it, which says nothing about the target. */
export async function check(target: Target, client: Client, clock: Clock, stop: AbortSignal): Promise<CheckResult | undefined> {
  const startedAt = clock.now();
  const timeout = new AbortController();
  const timer = clock.setTimeout(() => timeout.abort(new CheckFailed(TIMED_OUT)), target.timeoutMs);
  let answer: Answer | undefined;
  let failure: Failure | undefined;
  try {
    answer = await followed(target, client, clock, AbortSignal.any([timeout.signal, stop]));
    if (answer.error !== undefined) failure = failureOf(answer.error);
  } catch (caught) {
    failure = failureOf(caught);
  } finally {
    timer.cancel();
  }
  if (stop.aborted) return undefined;
  const at = clock.now();
  const { passed, failed } =
    answer !== undefined && failure === undefined ? validate(answer, target.validations) : { passed: {}, failed: {} };
  const reason = failure?.reason ?? reasonOf(target, answer, failed);
  return { target, at, durationMs: at - startedAt, answer: answer && withoutBody(answer), failure, passed, failed, reason };
}

/** The answer at the end of all redirects. */
async function followed(target: Target, client: Client, clock: Clock, signal: AbortSignal): Promise<Answer> {
  const { url, method, headers, body, maxBodyBytes, validations, timeoutMs: proxyTimeoutMs } = target;
  let hop: Hop = { url, method, headers, body, isTrusted: true };
  for (let requests = 1; ; requests++) {
    const shown = hop.isTrusted ? headersOf(client) : {};
    const request = { ...hop, headers: { ...hop.headers, ...shown }, proxyTimeoutMs, maxBodyBytes, keepsBody: validations.length > 0 };
    const answer = await exchange(request, client.agents, () => clock.now(), signal);
    const next = answer.error === undefined ? nextHop(hop, answer.status, answer.location) : undefined;
    if (next === undefined) return answer;
    if (requests === MAX_REQUESTS) throw new CheckFailed({ reason: "redirect_failed", message: "too many redirects" });
    hop = next;
  }
}

/** Results wait to be sent, and bodies are large. */
function withoutBody({ body: _body, ...rest }: Answer): Omit<Answer, "body"> {
  return rest;
}

function headersOf({ authenticator }: Client): Readonly<Record<string, string>> {
  try {
    return authenticator?.headers() ?? {};
  } catch {
    throw new CheckFailed({ reason: "check_failed", message: "the authenticator failed" });
  }
}

function validate(answer: Answer, validations: readonly Validation[]): { passed: ValidationCounts; failed: ValidationCounts } {
  const passed: Partial<Record<Validation["type"], number>> = {};
  const failed: Partial<Record<Validation["type"], number>> = {};
  if (validations.length === 0) return { passed, failed };
  const body = { text: answer.body.toString("utf8"), size: answer.size };
  for (const { type, passes } of validations) {
    const counts = passes(body) ? passed : failed;
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return { passed, failed };
}

function reasonOf(target: Target, answer: Answer | undefined, failed: ValidationCounts): ReasonCode | undefined {
  if (answer === undefined || !target.isExpected(answer.status)) return "unexpected_status";
  return Object.keys(failed).length > 0 ? "validation_failed" : undefined;
}
