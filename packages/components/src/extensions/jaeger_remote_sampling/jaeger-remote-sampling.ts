import { messageOf, type ComponentContext, type Extension, type ServerAuthenticator } from "@tidemark/core";
import { WatchedFile, type ReadTextFile } from "../../files/watched-file.ts";
import { unauthenticatedPage } from "../../pages/auth.ts";
import { PageServer, textPage, type Page, type PageRequest } from "../../pages/page-server.ts";
import { Answers } from "./answers.ts";
import type { JaegerRemoteSamplingConfig } from "./config.ts";
import { readStrategies } from "./read-strategies.ts";

/** Serves sampling strategies to the SDKs of services, as Jaeger's agent does. */
export function createJaegerRemoteSampling(
  { http, source }: JaegerRemoteSamplingConfig,
  context: ComponentContext,
  readText: ReadTextFile,
): Extension {
  const { clock, log } = context;
  const { contents = "{}" } = source;
  let answers = new Answers(typeof contents === "string" ? readStrategies(contents) : contents);
  let authenticator: ServerAuthenticator | undefined;
  const file =
    source.file === undefined
      ? undefined
      : new WatchedFile({
          path: source.file,
          readText,
          clock,
          log,
          use: (text) => (answers = new Answers(readStrategies(text))),
          intervalMs: source.reload_interval,
        });
  const answer = async (request: PageRequest): Promise<Page> =>
    (authenticator === undefined ? undefined : await unauthenticatedPage(request.headers, authenticator)) ?? strategyPage(request, answers);
  const server = new PageServer({ endpoint: http.endpoint, tls: http.tls, clock, log, answer });
  return {
    start: async () => {
      if (http.auth !== undefined) authenticator = context.capability("serverAuthenticator", http.auth.authenticator);
      await file?.start().catch((caught: unknown) => {
        const what = `the strategies in ${source.file} cannot be used: ${messageOf(caught)}`;
        throw new Error(`${what}; correct source::file or what stands in it`, { cause: caught });
      });
      await server.start();
      log.info("Sampling strategies are served.", { endpoint: http.endpoint });
    },
    shutdown: () => {
      file?.stop();
      return server.close();
    },
  };
}

function strategyPage({ method, path, query }: PageRequest, answers: Answers): Page {
  if (path !== "/sampling") return textPage(404, "404: strategies are at /sampling?service=NAME");
  if (method !== "GET" && method !== "HEAD") return { ...textPage(405, "405: use GET /sampling"), headers: { allow: "GET, HEAD" } };
  const service = query.get("service") ?? "";
  if (service === "") return textPage(400, "400: 'service' parameter must be provided; ask for /sampling?service=NAME");
  return { status: 200, contentType: "application/json", body: answers.to(service) };
}
