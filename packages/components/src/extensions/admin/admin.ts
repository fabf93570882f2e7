import { isIP } from "node:net";
import type { Candidate, ComponentContext, Extension, ServerAuthenticator } from "@tidemark/core";
import { unauthenticatedPage } from "../../pages/auth.ts";
import { jsonPage, PageServer, textPage, type Page, type PageRequest } from "../../pages/page-server.ts";
import { parseListenAddress } from "../../transport/listen.ts";
import { z } from "zod";
import type { AdminConfig } from "./config.ts";

/** A configuration of this size is none that people write; to check a larger one could take the collector seconds, and hundreds of megabytes. */
const MOST_CANDIDATE_BYTES = 256 << 10;
const MOST_SOURCES = 1000;

const candidateShape: z.ZodType<Candidate> = z.strictObject({
  uris: z.array(z.string()).max(MOST_SOURCES),
  sets: z.array(z.string()).max(MOST_SOURCES),
  texts: z.record(z.string(), z.string()),
});

interface Route {
  readonly method: "GET" | "POST";
  readonly answer: (context: ComponentContext, request: PageRequest) => Page | Promise<Page>;
}

const ROUTES: Readonly<Record<string, Route>> = {
  "/-/ledger": { method: "GET", answer: ledgerPage },
  "/-/plan": { method: "POST", answer: planPage },
  "/-/reload": { method: "POST", answer: reloadPage },
};

/** Serves what operators ask of a running collector. */
export function createAdmin({ endpoint, tls, auth }: AdminConfig, context: ComponentContext): Extension {
  let authenticator: ServerAuthenticator | undefined;
  const isForThisMachine = auth === undefined && isLoopback(endpoint);
  const answer = async (request: PageRequest): Promise<Page> =>
    (isForThisMachine ? strangerAt(request) : undefined) ?? (await refusal(request, authenticator)) ?? (await answerTo(request, context));
  const server = new PageServer({ endpoint, tls, clock: context.clock, log: context.log, answer });
  return {
    start: async () => {
      authenticator = auth === undefined ? undefined : context.capability("serverAuthenticator", auth.authenticator);
      await server.start();
      context.log.info("The admin interface is served.", { endpoint });
    },
    shutdown: () => server.close(),
  };
}

/**
 * A page can have its own name lead to this machine (DNS rebinding); its browser then takes the collector for the page's own server, and says nothing of
 * an origin when it reads. Only the name tells. Who has set up an authenticator may have a proxy with any name before it.
 */
function strangerAt({ headers: { host = "" } }: PageRequest): Page | undefined {
  const name = URL.parse(`http://${host}`)?.hostname ?? "";
  const isOurs = name === "localhost" || name.endsWith(".localhost") || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;
  return isOurs ? undefined : textPage(403, "403: without auth only this machine may ask here; ask for localhost, or set auth");
}

function isLoopback(endpoint: string): boolean {
  const address = parseListenAddress(endpoint, "tcp");
  const host = address !== undefined && "host" in address ? address.host : undefined;
  return host === "localhost" || host === "::1" || host?.startsWith("127.") === true;
}

async function refusal({ headers }: PageRequest, authenticator: ServerAuthenticator | undefined): Promise<Page | undefined> {
  // A browser says so when a page asks; pages of other sites must not command a collector on their reader's machine.
  if (headers.origin !== undefined) return textPage(403, "403: pages of a browser may not ask here");
  return authenticator === undefined ? undefined : unauthenticatedPage(headers, authenticator);
}

function answerTo(request: PageRequest, context: ComponentContext): Page | Promise<Page> {
  const { method, path } = request;
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (route === undefined) return textPage(404, "404: there are GET /-/ledger, POST /-/plan and POST /-/reload");
  if (route.method !== method && !(route.method === "GET" && method === "HEAD"))
    return { ...textPage(405, `405: use ${route.method} ${path}`), headers: { allow: route.method } };
  return route.answer(context, request);
}

function ledgerPage({ clock, host }: ComponentContext): Page {
  const { nodes, edges, violations } = host.ledger();
  return jsonPage(200, { time: new Date(clock.now()).toISOString(), balanced: violations.length === 0, violations, nodes, edges });
}

async function reloadPage({ host }: ComponentContext): Promise<Page> {
  const report = await host.reload();
  return jsonPage(report.result === "failed" ? 400 : 200, report);
}

async function planPage({ host }: ComponentContext, request: PageRequest): Promise<Page> {
  const candidate = candidateOf(await request.text(MOST_CANDIDATE_BYTES));
  if (candidate === undefined)
    return textPage(400, "400: a plan needs a JSON body with uris, sets and texts; tidemark plan --admin sends one");
  const report = await host.plan(candidate);
  return jsonPage(report.result === "failed" ? 400 : 200, report);
}

function candidateOf(body: string): Candidate | undefined {
  try {
    return candidateShape.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}
