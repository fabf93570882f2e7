import { createHash } from "node:crypto";
import type { HttpCheckConfig } from "./config.ts";
import type { TargetConfig } from "./target-fields.ts";
import { validationsOf, type Validation } from "./validate-body.ts";
import { READ_BYTES } from "./validation-fields.ts";

/** As in the Collector, where no timeout is configured. */
const STANDARD_TIMEOUT_MS = 30_000;

/** One URL that is checked. */
export interface Target {
  /** Tells it from others, also after a reload; the same as long as it is checked in the same way. */
  readonly key: string;
  /** The item of `targets` that it comes from. */
  readonly index: number;
  readonly url: URL;
  /** The same for people and metrics: without user and password. */
  readonly shownUrl: string;
  readonly service: string;
  readonly method: string;
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly isExpected: (status: number) => boolean;
  readonly validations: readonly Validation[];
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
}

/** Every URL of a configuration, in its order. */
export function targetsOf(config: HttpCheckConfig): readonly Target[] {
  const seen = new Map<string, number>();
  return config.targets.flatMap((item, index) =>
    urlsOf(item).map((text) => {
      const identity = identityOf(item, text);
      const count = (seen.get(identity) ?? 0) + 1;
      seen.set(identity, count);
      return targetOf(config, { item, index, text, key: count === 1 ? identity : `${identity}#${count}` });
    }),
  );
}

function urlsOf({ endpoint, endpoints }: TargetConfig): readonly string[] {
  return endpoint === undefined ? endpoints : [endpoint, ...endpoints];
}

interface Place {
  readonly item: TargetConfig;
  readonly index: number;
  readonly text: string;
  readonly key: string;
}

function targetOf(config: HttpCheckConfig, { item, index, text, key }: Place): Target {
  const url = new URL(text);
  const expected = new Set(item.expected_status.map(String));
  const sizes = item.validations.flatMap(({ max_size: most, min_size: fewest }) => [most ?? 0, fewest ?? 0]);
  return {
    key,
    index,
    url,
    shownUrl: shown(text, url),
    service: item.service ?? url.hostname,
    method: item.method.toUpperCase(),
    headers: headersOf(item),
    body: item.body === "" ? undefined : Buffer.from(item.body),
    isExpected: (status) => expected.has(String(status)) || expected.has(`${Math.trunc(status / 100)}xx`),
    validations: item.validations.flatMap(validationsOf),
    maxBodyBytes: Math.max(READ_BYTES, ...sizes.map((size) => size + 1)),
    timeoutMs: (item.timeout ?? config.timeout) || STANDARD_TIMEOUT_MS,
    failureThreshold: item.failure_threshold ?? config.failure_threshold,
  };
}

/** As it is written, so that it is the same series as in the Collector. */
function shown(text: string, url: URL): string {
  if (url.username === "" && url.password === "") return text;
  const copy = new URL(url);
  copy.username = "REDACTED";
  copy.password = url.password === "" ? "" : "REDACTED";
  return copy.href;
}

function headersOf({ headers, body, auto_content_type: tellsType }: TargetConfig): Readonly<Record<string, string>> {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const type = tellsType && body !== "" ? { "content-type": contentType(body) } : {};
  return { "user-agent": "tidemark", ...type, ...named };
}

function contentType(body: string): string {
  if (/^\s*[{[]/.test(body)) return "application/json";
  return body.includes("=") ? "application/x-www-form-urlencoded" : "text/plain";
}

/** A hash, because the configuration has secrets. When a target counts as failed does not change what it is. */
function identityOf(item: TargetConfig, text: string): string {
  const { endpoint: _endpoint, endpoints: _endpoints, timeout: _timeout, failure_threshold: _threshold, ...rest } = item;
  return createHash("sha256")
    .update(JSON.stringify([text, rest]))
    .digest("base64url");
}
