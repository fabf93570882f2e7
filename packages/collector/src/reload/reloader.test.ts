import type { LoadedConfig, LoadResult } from "@tidemark/config";
import type { NodeChange } from "@tidemark/core";
import { recordingLogger, VirtualClock, type LoggedLine } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { telemetryDefaults } from "../testing/telemetry-defaults.ts";
import { ReloadCounts } from "./reload-metrics.ts";
import { Reloader } from "./reloader.ts";

const EMPTY = { receivers: [], processors: [], connectors: [], exporters: [], extensions: [], pipelines: [] };
const CONFIG: LoadedConfig = { graph: EMPTY, telemetry: telemetryDefaults(), warnings: [] };
const REBUILT: NodeChange = { node: "processor/batch@traces", change: "rebuilt", state: "none", reason: "timeout has changed" };
const LOST: NodeChange = { node: "processor/ewma@metrics", change: "removed", state: "lost" };

interface Rig {
  readonly reloader: Reloader;
  readonly lines: LoggedLine[];
  readonly clock: VirtualClock;
  /** What the next loads find; the last one stays. */
  readonly results: LoadResult[];
  loads: number;
}

function rig(results: LoadResult[], nodes: () => Promise<readonly NodeChange[]>): Rig {
  const lines: LoggedLine[] = [];
  const load = async (): Promise<LoadResult> => {
    made.loads += 1;
    return (results.length > 1 ? results.shift() : results[0]) as LoadResult;
  };
  const clock = new VirtualClock();
  const reloader = new Reloader({
    config: CONFIG,
    load,
    loadCandidate: load,
    plan: nodes,
    apply: nodes,
    clock,
    log: recordingLogger(lines),
    counts: new ReloadCounts(),
  });
  const made: Rig = { reloader, lines, clock, results, loads: 0 };
  return made;
}

const diagnostic = {
  code: "CFG_UNKNOWN_FIELD",
  severity: "error",
  message: "unknown field",
  file: "a.yaml",
  line: 3,
  column: 5,
  length: 0,
  excerpt: "",
  path: "receivers",
  fix: "remove it",
} as const;

const ok = (config: Partial<LoadedConfig> = {}): LoadResult => ({ ok: true, config: { ...CONFIG, ...config } });

const CANDIDATE = { uris: [], sets: [], texts: {} };

describe("Reloader", () => {
  it("plans without a reload, and compares with what a reload has brought", async () => {
    const telemetry = { ...telemetryDefaults(), resource: { "service.name": "x" } };
    const { reloader, lines } = rig([ok({ telemetry })], async () => [REBUILT]);
    expect(await reloader.plan(CANDIDATE)).toEqual({ result: "planned", nodes: [REBUILT], telemetryChanged: true, mistakes: [] });
    expect(lines).toEqual([]);
  });

  it("names the places of a candidate's mistakes, and never says what a value is", async () => {
    const mistakes = [
      { ...diagnostic, message: "s3cret" },
      { ...diagnostic, severity: "warning" as const },
    ];
    const planned = await rig([{ ok: false, diagnostics: mistakes }], async () => []).reloader.plan(CANDIDATE);
    const site = { code: "CFG_UNKNOWN_FIELD", file: "a.yaml", line: 3, column: 5, path: "receivers" };
    expect(planned).toEqual({ result: "failed", nodes: [], telemetryChanged: false, mistakes: [site] });
    const unbuilt = await rig([ok()], () => Promise.reject(new Error('"s3cret" is no header'))).reloader.plan(CANDIDATE);
    expect(unbuilt).toEqual({ result: "failed", nodes: [], telemetryChanged: false, mistakes: [] });
  });

  it("says what became of the nodes, and whose memory is lost", async () => {
    const { reloader, lines } = rig([ok()], async () => [REBUILT, LOST]);
    expect(await reloader.reload("SIGHUP")).toMatchObject({
      result: "reloaded",
      message: "The new configuration is active.",
      nodes: [REBUILT, LOST],
    });
    expect(lines).toEqual([
      {
        level: "info",
        message: "The new configuration is active.",
        fields: { trigger: "SIGHUP", unchanged: 0, rebuilt: 1, new: 0, removed: 1, duration_ms: 0 },
      },
      { level: "warn", message: "The node has lost its memory.", fields: { node: LOST.node, reason: "it is not there any more" } },
    ]);
  });

  it("shows the place of each mistake and applies nothing", async () => {
    const { reloader, lines } = rig([{ ok: false, diagnostics: [diagnostic, { ...diagnostic, severity: "warning", line: 9 }] }], () => {
      throw new Error("must not be called");
    });
    const report = await reloader.reload("file change");
    expect(report).toMatchObject({ result: "failed", nodes: [] });
    expect(report.message).toMatch(/^a\.yaml:3:5 {2}CFG_UNKNOWN_FIELD {2}unknown field\n {2}fix: remove it$/);
    expect(lines).toEqual([
      {
        level: "error",
        message: "The configuration cannot be taken over. The one before runs on.",
        fields: { trigger: "file change", error: report.message.split("\n") },
      },
    ]);
  });

  it("says why a graph cannot be started", async () => {
    const { reloader } = rig([ok()], () => Promise.reject(new Error('failed to start "otlp" receiver: the port is in use')));
    expect(await reloader.reload("SIGHUP")).toMatchObject({
      result: "failed",
      message: 'failed to start "otlp" receiver: the port is in use',
    });
  });

  it("says that telemetry keeps its settings until the next start, as long as they differ", async () => {
    const telemetry = { ...telemetryDefaults(), resource: { "service.name": "x" } };
    const { reloader } = rig([ok({ telemetry })], async () => []);
    for (let time = 0; time < 2; time++) {
      expect((await reloader.reload("SIGHUP")).message).toBe(
        "The pipelines have not changed. service::telemetry has changed too: that takes effect at the next start.",
      );
    }
  });

  it("says how long it took to the microsecond, not to the last bit of a float", async () => {
    const made = rig([ok()], async () => {
      await made.clock.advance(8.1004);
      return [REBUILT];
    });
    expect((await made.reloader.reload("SIGHUP")).durationMs).toBe(8.1);
  });

  it("does one at a time, and one more for all who ask meanwhile", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let applied = 0;
    const made = rig([ok()], async () => {
      await gates[applied++]?.promise;
      return [REBUILT];
    });
    const first = made.reloader.reload("SIGHUP");
    const more = [made.reloader.reload("SIGHUP"), made.reloader.reload("request")];
    expect(more[0]).toBe(more[1]);
    gates[0]?.resolve();
    await first;
    gates[1]?.resolve();
    await Promise.all(more);
    expect(made.loads).toBe(2);
  });
});
