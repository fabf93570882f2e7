import type { OutgoingHttpHeaders } from "node:http";
import { CheckFailed } from "./failure.ts";

/** A request on its way along redirects. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer | undefined;
  /** Whether this is still the far side that the target names, or a part of it: only it gets what shows who we are. */
  readonly isTrusted: boolean;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What still goes to others. */
const PUBLIC_HEADERS: ReadonlySet<string> = new Set(["accept", "accept-language", "content-type", "user-agent"]);

/** The request that an answer leads to, by the rules of Go's HTTP client; undefined when it leads nowhere. */
export function nextHop(hop: Hop, status: number, location = ""): Hop | undefined {
  if (!REDIRECTS.has(status) || location === "") return undefined;
  const url = urlOf(location, hop.url);
  const isTrusted = hop.isTrusted && isPartOf(url, hop.url);
  const headers = isTrusted ? { ...hop.headers } : keepOnly(hop.headers, (name) => PUBLIC_HEADERS.has(name));
  if (url.host !== hop.url.host) delete headers["host"];
  else if (isTrusted) keepUser(url, hop.url);
  if (status === 307 || status === 308) return { url, method: hop.method, headers, body: hop.body, isTrusted };
  const method = hop.method === "HEAD" ? "HEAD" : "GET";
  return { url, method, headers: keepOnly(headers, (name) => !name.startsWith("content-")), body: undefined, isTrusted };
}

function urlOf(location: string, from: URL): URL {
  const url = URL.parse(location, from.href);
  if (url !== null && /^https?:$/.test(url.protocol) && isDecodable(url.username + url.password)) return url;
  throw new CheckFailed({ reason: "redirect_failed", message: "redirect to no URL" });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function keepUser(url: URL, from: URL): void {
  if (url.username !== "" || url.password !== "") return;
  url.username = from.username;
  url.password = from.password;
}

/** The same host or one below it, and not from TLS to plain text. */
function isPartOf(url: URL, of: URL): boolean {
  if (of.protocol === "https:" && url.protocol !== "https:") return false;
  return url.hostname === of.hostname || url.hostname.endsWith(`.${of.hostname}`);
}

function keepOnly(headers: OutgoingHttpHeaders, isKept: (name: string) => boolean): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name)));
}
