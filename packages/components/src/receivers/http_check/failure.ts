/** Why a target is not well, for programs: `reason_code` of `health.status`. */
export type ReasonCode =
  | "timeout"
  | "connection_refused"
  | "connection_closed"
  | "dns_lookup_failed"
  | "unreachable"
  | "tls_failed"
  | "invalid_answer"
  | "redirect_failed"
  | "unexpected_status"
  | "validation_failed"
  | "check_failed";

/** Why there was no answer. */
export interface Failure {
  readonly reason: ReasonCode;
  /** `error.message`: one of few texts, without names, addresses and numbers, because each is a series of its own. */
  readonly message: string;
}

export const TIMED_OUT: Failure = { reason: "timeout", message: "timeout" };

/** By the codes of Node, libuv, OpenSSL and llhttp. */
const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { reason: "connection_refused", message: "connection refused" },
  ECONNRESET: { reason: "connection_closed", message: "connection closed" },
  EPIPE: { reason: "connection_closed", message: "connection closed" },
  ECONNABORTED: { reason: "connection_closed", message: "connection closed" },
  ETIMEDOUT: { reason: "timeout", message: "connection timed out" },
  ENOTFOUND: { reason: "dns_lookup_failed", message: "no such host" },
  EAI_AGAIN: { reason: "dns_lookup_failed", message: "host lookup failed" },
  EHOSTUNREACH: { reason: "unreachable", message: "host unreachable" },
  EHOSTDOWN: { reason: "unreachable", message: "host unreachable" },
  ENETUNREACH: { reason: "unreachable", message: "network unreachable" },
  ENETDOWN: { reason: "unreachable", message: "network unreachable" },
  EADDRNOTAVAIL: { reason: "unreachable", message: "no local address left" },
  CERT_HAS_EXPIRED: { reason: "tls_failed", message: "certificate has expired" },
  CERT_NOT_YET_VALID: { reason: "tls_failed", message: "certificate is not valid yet" },
  DEPTH_ZERO_SELF_SIGNED_CERT: { reason: "tls_failed", message: "certificate is self-signed" },
  SELF_SIGNED_CERT_IN_CHAIN: { reason: "tls_failed", message: "certificate is self-signed" },
  ERR_TLS_CERT_ALTNAME_INVALID: { reason: "tls_failed", message: "certificate is for another host" },
  HPE_HEADER_OVERFLOW: { reason: "invalid_answer", message: "the head of the answer is too large" },
  EPROTO: { reason: "tls_failed", message: "TLS handshake failed" },
};

const UNTRUSTED: Failure = { reason: "tls_failed", message: "certificate is not trusted" };
const BAD_HANDSHAKE: Failure = { reason: "tls_failed", message: "TLS handshake failed" };
const NO_HTTP: Failure = { reason: "invalid_answer", message: "the answer is not HTTP" };

/** A check that ended for a reason of ours. */
export class CheckFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What was caught, as a failure. */
export function failureOf(caught: unknown): Failure {
  if (caught instanceof CheckFailed) return caught.failure;
  const code = caught instanceof Error && "code" in caught && typeof caught.code === "string" ? caught.code : "";
  const known = Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined;
  if (known !== undefined) return known;
  if (code.startsWith("EAI_")) return { reason: "dns_lookup_failed", message: "host lookup failed" };
  if (code.startsWith("HPE_")) return NO_HTTP;
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return BAD_HANDSHAKE;
  if (/^(?:UNABLE_TO_|CERT_)/.test(code)) return UNTRUSTED;
  return { reason: "check_failed", message: code === "" ? "check failed" : `check failed (${code})` };
}
