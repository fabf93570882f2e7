import type { Candidate, MistakeSite, PlanReport } from "@tidemark/core";
import { askAdmin, strangeAnswer } from "./admin-client.ts";

/**
 * What a running collector says a reload to the candidate would do.
 * @throws Error in one line, with one fix, when it does not say that.
 */
export async function planAt(
  url: URL,
  candidate: Candidate,
  get: typeof fetch,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PlanReport> {
  const answer = await askAdmin(get, { url, method: "POST", body: candidate, env });
  const { status, body } = answer;
  if ((status !== 200 && status !== 400) || !isReport(body)) throw strangeAnswer(url, answer, "a plan");
  return body;
}

/** Mistakes that only the collector sees, because its environment is another: their places, which is all that it tells. */
export function mistakesThere({ origin }: URL, mistakes: readonly MistakeSite[]): string {
  const places = mistakes.map(({ file, line, column, code, path }) =>
    `${file}:${line}:${column}  ${code}  ${path}\n`.replace(/ +\n/, "\n"),
  );
  const what = places.length === 0 ? "The pipelines cannot be built" : "There are mistakes";
  return `${places.join("")}${what} with the environment of the collector at ${origin}, which does not show its values.
  fix: run tidemark validate with the variables that the collector has
`;
}

function isReport(body: unknown): body is PlanReport {
  const report = (body ?? {}) as Partial<PlanReport>;
  return (
    (report.result === "planned" || report.result === "failed") &&
    haveTexts(report.nodes, ["node", "change", "state"]) &&
    haveTexts(report.mistakes, ["file", "path", "code"]) &&
    typeof report.telemetryChanged === "boolean"
  );
}

function haveTexts(items: unknown, keys: readonly string[]): boolean {
  return (
    Array.isArray(items) &&
    items.every((item: unknown) => keys.every((key) => typeof (item as Record<string, unknown> | null)?.[key] === "string"))
  );
}
