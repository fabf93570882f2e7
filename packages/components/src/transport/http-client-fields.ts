import { durationField, noEffectField } from "@tidemark/core";
import { z } from "zod";
import type { Connections } from "./http-poster.ts";

/** A URL that is asked over HTTP. */
export function urlField(): z.ZodString {
  return z
    .string()
    .refine(isHttpUrl, {
      error: ({ input }) => `"${shown(input)}" is not an HTTP URL; write http://host:port or https://host:port`,
      abort: true,
    })
    .refine(hasReadableUser, {
      error: ({ input }) => `"${shown(input)}" has a % in its user or password that does not begin a code; write %25 for the character`,
    });
}

/** Without user and password: what is said of a mistake goes to logs. */
function shown(input: unknown): string {
  return String(input).replace(/[^/]*@/, "REDACTED@");
}

function hasReadableUser(text: string): boolean {
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

const HTTP_1 = "requests go over HTTP/1.1.";

/** How a client over HTTP/1.1 keeps its connections, with the names and defaults of the Collector's confighttp. */
export const connectionFields = {
  disable_keep_alives: z
    .boolean()
    .default(false)
    .meta({ description: "A connection of its own for each request.", examples: [true] }),
  max_conns_per_host: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Connections that may be open to a host; requests beyond them wait. 0: no limit.", examples: [8] }),
  max_idle_conns: z
    .int()
    .min(0)
    .default(100)
    .meta({ description: "Connections to a host that are kept while nothing is sent. 0: no limit.", examples: [10] }),
  max_idle_conns_per_host: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "The same; the smaller of the two counts. 0: no limit.", examples: [10] }),
  idle_conn_timeout: durationField()
    .prefault("90s")
    .meta({
      description: "A connection that is not used for this long is closed; 0s keeps it until the server closes it.",
      examples: ["30s"],
    }),
  proxy_url: urlField()
    .optional()
    .meta({
      description: "Proxy for all requests; https:// endpoints are reached through CONNECT.",
      examples: ["http://proxy.example.com:3128"],
    }),
  force_attempt_http2: noEffectField(z.boolean(), HTTP_1, true),
  http2_read_idle_timeout: noEffectField(durationField(), HTTP_1, "10s"),
  http2_ping_timeout: noEffectField(durationField(), HTTP_1, "15s"),
} as const;

const connectionShape = z.strictObject(connectionFields);

/** The same for Node's agents. */
export function connectionsOf(config: z.output<typeof connectionShape>): Connections {
  const { max_idle_conns: most, max_idle_conns_per_host: mostPerHost, idle_conn_timeout: timeout, proxy_url: proxy } = config;
  return {
    keepAlive: !config.disable_keep_alives,
    maxSockets: config.max_conns_per_host || Number.POSITIVE_INFINITY,
    maxFreeSockets: Math.min(most || Number.POSITIVE_INFINITY, mostPerHost || Number.POSITIVE_INFINITY),
    ...(timeout === 0 ? {} : { timeout }),
    ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  };
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
