import { textWithin } from "@tidemark/config";
import { UsageError } from "./io.ts";
import { plainLine } from "./table.ts";

/** Where the admin extension listens when nothing else is configured. */
export const STANDARD_ADMIN_URL = "http://localhost:13135";
/** The variable of the environment that holds the token for it. */
export const ADMIN_TOKEN = "TIDEMARK_ADMIN_TOKEN";

const TIMEOUT_MS = 30_000;
/** The books of some thousand nodes. */
const MOST_BYTES = 16 << 20;
/** So much of what a server says is quoted. */
const MOST_QUOTED = 200;
/** The certificate comes from nobody who is known here. */
const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
/** What OpenSSL says of an answer that is no TLS. */
const NO_TLS = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST"]);
/** What a server does that waits in vain for a certificate of its client (RFC 8446 6.2), or does not know what else to do. */
const HUNG_UP = /^(UND_ERR_SOCKET|ECONNRESET|HPE_.*|ERR_SSL_.*(ALERT_HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED))$/;

/** A question to a running collector. */
export interface AdminQuestion {
  readonly url: URL;
  readonly method: "GET" | "POST";
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a collector answered, as far as it can be told without knowing the question. */
export interface AdminAnswer {
  readonly status: number;
  /** Undefined for a body that is no JSON. */
  readonly body: unknown;
}

/**
 * Where to ask.
 * @throws UsageError for a base that is no http or https URL.
 */
export function adminUrl(base: string, path: string): URL {
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    throw new UsageError(`"${base}" is not an http or https URL; write --admin ${STANDARD_ADMIN_URL}`);
  return new URL(path, base);
}

/**
 * Asks the admin extension of a running collector.
 * @throws Error in one line, with one fix, when there is no answer or no right to one.
 */
export async function askAdmin(get: typeof fetch, { url, method, body, env }: AdminQuestion): Promise<AdminAnswer> {
  const token = env[ADMIN_TOKEN] ?? "";
  const headers = {
    ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { status, text } = await get(url, { method, headers, ...sent, signal, redirect: "manual" })
    .then(async (response) => ({ status: response.status, text: await textWithin(response, MOST_BYTES) }))
    .catch((caught: unknown) => {
      throw new Error(noAnswer(url, caught));
    });
  if (status === 401) {
    const why = oneLine(text).replace(/^401: /, "");
    throw new Error(
      token === ""
        ? `${url.origin} asks for a token (${why}); set ${ADMIN_TOKEN}`
        : `${url.origin} does not take the token in ${ADMIN_TOKEN} (${why}); set it to the one that its authenticator knows`,
    );
  }
  if (status === 400 && url.protocol === "http:" && /^client sent an http request to an https server/i.test(text))
    throw new Error(speaksTls(url));
  return { status, body: parsed(text) };
}

/** The error for an answer that the admin extension does not give. */
export function strangeAnswer(url: URL, { status }: AdminAnswer, expected: string): Error {
  return new Error(`${url.href} answered ${status}, and not with ${expected}; name a collector's admin extension: --admin URL`);
}

function noAnswer(url: URL, caught: unknown): string {
  if (caught instanceof Error && caught.name === "TimeoutError")
    return `${url.origin} did not answer within ${TIMEOUT_MS / 1000} s; check that it is a collector's admin extension: --admin URL`;
  const cause = causeOf(caught);
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED")
    return `nothing listens at ${url.origin}; start the collector with the extension admin, or name its address: --admin URL`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `the host "${url.hostname}" is not known; correct --admin`;
  if (NO_TLS.has(code)) return `${url.origin} speaks no TLS; write --admin http://${url.host}`;
  if (UNKNOWN_AUTHORITY.has(code))
    return `the certificate of ${url.origin} comes from an authority that is not known here; name its file: NODE_EXTRA_CA_CERTS=ca.pem`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the certificate of ${url.origin} is for another name; ask under the name that it is for: --admin URL`;
  if (code === "CERT_HAS_EXPIRED") return `the certificate of ${url.origin} has expired; renew it`;
  if (HUNG_UP.test(code))
    return url.protocol === "http:"
      ? speaksTls(url)
      : `${url.origin} hung up in the handshake; if it asks for client certificates, which this command has none of, take tls::client_ca_file out of the extension and use auth`;
  return `${url.origin} cannot be asked: ${oneLine(cause.message === "" ? code : cause.message)}; check that a collector's admin extension is there`;
}

function speaksTls(url: URL): string {
  return `${url.origin} does not answer in plain HTTP; if it has tls, write --admin https://${url.host}`;
}

/** The innermost cause: `fetch failed` alone says nothing. Of several addresses that were tried, the first. */
function causeOf(caught: unknown): Error {
  if (caught instanceof AggregateError && caught.message === "") return causeOf(caught.errors[0]);
  if (caught instanceof Error) return caught.cause instanceof Error ? causeOf(caught.cause) : caught;
  return new Error(String(caught));
}

function oneLine(text: string): string {
  return plainLine(text, MOST_QUOTED);
}

/** Who answers may be anybody: no text in it has a line of its own or commands a terminal. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => plain(value)) as unknown;
  } catch {
    return undefined;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "string") return plainLine(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [plainLine(key), inner]));
}
