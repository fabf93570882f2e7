import { expect, it } from "vitest";
import { CheckFailed, failureOf } from "./failure.ts";

const withCode = (code: string): Error => Object.assign(new Error("connect ECONNREFUSED 10.1.2.3:443"), { code });

it.each([
  ["ECONNREFUSED", "connection_refused", "connection refused"],
  ["ECONNRESET", "connection_closed", "connection closed"],
  ["ENOTFOUND", "dns_lookup_failed", "no such host"],
  ["EAI_AGAIN", "dns_lookup_failed", "host lookup failed"],
  ["EAI_FAIL", "dns_lookup_failed", "host lookup failed"],
  ["EHOSTUNREACH", "unreachable", "host unreachable"],
  ["ETIMEDOUT", "timeout", "connection timed out"],
  ["CERT_HAS_EXPIRED", "tls_failed", "certificate has expired"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls_failed", "certificate is not trusted"],
  ["CERT_REVOKED", "tls_failed", "certificate is not trusted"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls_failed", "TLS handshake failed"],
  ["HPE_INVALID_CONSTANT", "invalid_answer", "the answer is not HTTP"],
  ["HPE_HEADER_OVERFLOW", "invalid_answer", "the head of the answer is too large"],
  ["EMFILE", "check_failed", "check failed (EMFILE)"],
  ["toString", "check_failed", "check failed (toString)"],
])("%s is %s: %s", (code, reason, message) => {
  expect(failureOf(withCode(code))).toEqual({ reason, message });
});

it("knows failures of ours, and names nothing of others", () => {
  expect(failureOf(new CheckFailed({ reason: "redirect_failed", message: "too many redirects" }))).toEqual({
    reason: "redirect_failed",
    message: "too many redirects",
  });
  expect(failureOf("10.1.2.3")).toEqual({ reason: "check_failed", message: "check failed" });
});
