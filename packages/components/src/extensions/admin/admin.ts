import { PipelineError, type ComponentContext, type Extension, type ServerAuthenticator } from "@tidemark/core";
import { jsonPage, PageServer, textPage, type Page, type PageRequest } from "../../pages/page-server.ts";
import type { AdminConfig } from "./config.ts";

interface Route {
  readonly method: "GET" | "POST";
  readonly answer: (context: ComponentContext) => Page | Promise<Page>;
}

const ROUTES: Readonly<Record<string, Route>> = {
  "/-/ledger": { method: "GET", answer: ledgerPage },
  "/-/reload": { method: "POST", answer: reloadPage },
};

/** Serves what operators ask of a running collector. */
export function createAdmin({ endpoint, tls, auth }: AdminConfig, context: ComponentContext): Extension {
  let authenticator: ServerAuthenticator | undefined;
  const answer = async (request: PageRequest): Promise<Page> =>
    (await refusal(request, authenticator)) ?? (await answerTo(request, context));
  const server = new PageServer({ endpoint, tls, log: context.log, answer });
  return {
    start: async () => {
      authenticator = auth === undefined ? undefined : context.capability("serverAuthenticator", auth.authenticator);
      await server.start();
      context.log.info("The admin interface is served.", { endpoint });
    },
    shutdown: () => server.close(),
  };
}

async function refusal({ headers }: PageRequest, authenticator: ServerAuthenticator | undefined): Promise<Page | undefined> {
  // A browser says so when a page asks; pages of other sites must not command a collector on their reader's machine.
  if (headers.origin !== undefined) return textPage(403, "403: pages of a browser may not ask here");
  try {
    await authenticator?.authenticate(headers);
    return undefined;
  } catch (caught) {
    const { message } = PipelineError.from(caught);
    return { ...textPage(401, `401: ${message}`), headers: { "www-authenticate": authenticator?.challenge ?? "Bearer" } };
  }
}

function answerTo({ method, path }: PageRequest, context: ComponentContext): Page | Promise<Page> {
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (route === undefined) return textPage(404, "404: there are GET /-/ledger and POST /-/reload");
  if (route.method !== method && !(route.method === "GET" && method === "HEAD"))
    return { ...textPage(405, `405: use ${route.method} ${path}`), headers: { allow: route.method } };
  return route.answer(context);
}

function ledgerPage({ clock, host }: ComponentContext): Page {
  const { nodes, edges, violations } = host.ledger();
  return jsonPage(200, { time: new Date(clock.now()).toISOString(), balanced: violations.length === 0, violations, nodes, edges });
}

async function reloadPage({ host }: ComponentContext): Promise<Page> {
  const report = await host.reload();
  return jsonPage(report.result === "failed" ? 400 : 200, report);
}
