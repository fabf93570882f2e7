import { registry } from "@tidemark/components";
import type { Candidate, PlanReport } from "@tidemark/core";
import { recordingLogger, VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { planBetween } from "../collector.ts";
import { loadRecorded } from "./load-recorded.ts";
import { ReloadCounts } from "./reload-metrics.ts";
import { Reloader } from "./reloader.ts";

const SECRET = "hunter2";
const ENV = { TOKEN: SECRET, LOGIN: `user: ${SECRET}\n  broken: [`, EXPORTERS: "debug/extra: {}" };
const RUNNING = `
receivers: { otlp: { protocols: { http: {} } } }
exporters: { debug: {}, otlp_http: { endpoint: "http://localhost:1" } }
service: { pipelines: { traces: { receivers: [otlp], exporters: [debug, otlp_http] } } }
`;

async function plan(candidate: Candidate): Promise<PlanReport> {
  const load = (of: Candidate): ReturnType<typeof loadRecorded> => loadRecorded(of, { registry, env: ENV });
  const running = await load({ uris: ["a"], sets: [], texts: { a: RUNNING } });
  if (!running.ok) throw new Error("the configuration that runs has mistakes");
  const reloader = new Reloader({
    config: running.config,
    load: () => Promise.reject(new Error("must not be called")),
    loadCandidate: load,
    apply: () => Promise.reject(new Error("must not be called")),
    plan: planBetween,
    clock: new VirtualClock(),
    log: recordingLogger([]),
    counts: new ReloadCounts(),
  });
  return reloader.plan(candidate);
}

const planText = (text: string): Promise<PlanReport> => plan({ uris: ["a"], sets: [], texts: { a: text } });
const change = (from: string, to: string): Promise<PlanReport> => planText(RUNNING.replace(from, to));

describe("a plan whose asker makes a variable a name", () => {
  it("does not tell it as the id of a component", async () => {
    const text = RUNNING.replace("exporters: {", "processors: '${yaml:batch/${env:TOKEN}: }'\nexporters: {").replace(
      "receivers: [otlp]",
      "receivers: [otlp], processors: '${yaml:- batch/${env:TOKEN}}'",
    );
    const report = await planText(text);
    expect(report.nodes).toContainEqual({ node: "processor/?", change: "new", state: "none" });
    expect(JSON.stringify(report)).not.toContain(SECRET);
  });

  it("does not tell it as the id of a pipeline", async () => {
    const text = RUNNING.replace("exporters: {", "processors: { batch: {} }\nexporters: {").replace(
      /pipelines: .*/,
      'pipelines: "${yaml:traces/${env:TOKEN}:\\n  receivers: [otlp]\\n  processors: [batch]\\n  exporters: [debug, otlp_http]}" }',
    );
    const report = await planText(text);
    expect(report.nodes).toContainEqual({ node: "processor/?", change: "new", state: "none" });
    expect(JSON.stringify(report)).not.toContain(SECRET);
  });

  it("does not tell it as a changed field", async () => {
    const report = await change('"http://localhost:1"', '"http://localhost:1", headers: "${yaml:${env:TOKEN}: x}"');
    expect(report.nodes).toContainEqual({
      node: "exporter/otlp_http",
      change: "rebuilt",
      state: "none",
      reason: "its configuration has changed",
    });
    expect(JSON.stringify(report)).not.toContain(SECRET);
  });

  it("does not tell it in the path of a mistake", async () => {
    const { mistakes } = await change("debug: {}", "debug: '${yaml:${env:TOKEN}: x}'");
    expect(mistakes).toEqual([{ code: "CFG_UNKNOWN_FIELD", file: "a", line: 3, column: 21, path: "exporters::debug" }]);
  });

  it("says neither what keys a whole variable has, nor where its mistakes are", async () => {
    for (const name of ["LOGIN", "TOKEN", "EXPORTERS"]) {
      const { mistakes } = await plan({ uris: [`env:${name}`], sets: [], texts: {} });
      expect(mistakes.length).toBeGreaterThan(0);
      for (const { line, column, path } of mistakes)
        expect([line, column, path]).not.toEqual([expect.anything(), expect.anything(), "user"]);
      for (const { line, column } of mistakes) expect([line, column]).toEqual([1, 1]);
    }
  });
});

describe("a plan whose asker wrote the names", () => {
  it("tells them: new nodes, changed fields, paths, and the field that is missing", async () => {
    const added = await change("{ debug: {}, otlp_http: {", "{ debug: { verbosity: detailed }, otlp_http: { headers: { x-room: a },");
    expect(added.nodes.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([expect.stringContaining("verbosity has changed"), expect.stringContaining("headers")]),
    );
    const missing = await change("debug: {}", "file: {}");
    expect(missing.mistakes.map(({ path }) => path)).toContain("exporters::file::path");
  });
});
