import { isDeepStrictEqual } from "node:util";
import { renderDiagnostics, type Diagnostic, type LoadedConfig, type LoadResult } from "@tidemark/config";
import {
  messageOf,
  type Candidate,
  type Clock,
  type Logger,
  type MistakeSite,
  type NodeChange,
  type PlanReport,
  type ReloadReport,
} from "@tidemark/core";
import { ToldNames } from "./told-names.ts";
import type { ReloadCounts } from "./reload-metrics.ts";

/** What a reloader works with. */
export interface ReloaderOptions {
  /** The configuration that runs. */
  readonly config: LoadedConfig;
  /** Reads the configuration again. */
  readonly load: () => Promise<LoadResult>;
  readonly loadCandidate: (candidate: Candidate) => Promise<LoadResult>;
  /** Puts a configuration in the place of the one that runs; rejects when that cannot be, and the one before runs on. */
  readonly apply: (config: LoadedConfig) => Promise<readonly NodeChange[]>;
  /** What a reload from one configuration to another would do; rejects when one of them cannot be built. */
  readonly plan: (before: LoadedConfig, next: LoadedConfig) => Promise<readonly NodeChange[]>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counts: ReloadCounts;
}

/** Reads, checks and takes over: one reload at a time. Who asks during one gets the next. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #config: LoadedConfig;
  #running: Promise<ReloadReport> | undefined;
  #next: Promise<ReloadReport> | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** `trigger` says in the log who asked, such as `SIGHUP`. Never rejects. */
  reload(trigger: string): Promise<ReloadReport> {
    if (this.#running === undefined) return this.#begin(trigger);
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin(trigger);
    });
    return this.#next;
  }

  /** What a reload to the candidate would do to each node. Never rejects. */
  async plan(candidate: Candidate): Promise<PlanReport> {
    const names = new ToldNames(candidate, this.#config.graph);
    try {
      const result = await this.#options.loadCandidate(candidate);
      if (!result.ok) {
        return notPlanned(errorsIn(result.diagnostics).map((error) => names.site(error)));
      }
      const { config } = result;
      const nodes = names.changes(await this.#options.plan(this.#config, config), config.graph);
      return { result: "planned", nodes, telemetryChanged: !isDeepStrictEqual(config.telemetry, this.#config.telemetry), mistakes: [] };
    } catch {
      // What a component says about its configuration may quote it.
      return notPlanned([]);
    }
  }

  /**
   * Takes over a configuration that is loaded already. Resolves with what became of each node.
   * @throws Error when it cannot be built or started; the one before runs on.
   */
  async apply(config: LoadedConfig): Promise<readonly NodeChange[]> {
    const nodes = await this.#options.apply(config);
    // What runs keeps its telemetry, so the next reload must say it again.
    this.#config = { ...config, telemetry: this.#config.telemetry };
    return nodes;
  }

  #begin(trigger: string): Promise<ReloadReport> {
    this.#running = this.#reload(trigger).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #reload(trigger: string): Promise<ReloadReport> {
    const { clock, counts } = this.#options;
    const askedAt = clock.now();
    const passed = (): number => Math.round((clock.now() - askedAt) * 1000) / 1000;
    const report = await this.#attempt(passed).catch((caught: unknown) => failed(messageOf(caught), passed()));
    counts.count(report, clock.now());
    this.#log(report, trigger);
    return report;
  }

  async #attempt(passed: () => number): Promise<ReloadReport> {
    const result = await this.#options.load();
    if (!result.ok) {
      return failed(renderDiagnostics(errorsIn(result.diagnostics), { color: false }).trimEnd(), passed());
    }
    const { config } = result;
    const nodes = await this.apply(config);
    const isTelemetryNew = !isDeepStrictEqual(config.telemetry, this.#config.telemetry);
    const remark = isTelemetryNew ? " service::telemetry has changed too: that takes effect at the next start." : "";
    if (nodes.length === 0)
      return { result: "unchanged", message: `The pipelines have not changed.${remark}`, nodes, durationMs: passed() };
    return { result: "reloaded", message: `The new configuration is active.${remark}`, nodes, durationMs: passed() };
  }

  #log({ result, message, nodes, durationMs }: ReloadReport, trigger: string): void {
    const { log } = this.#options;
    if (result === "failed") {
      log.error("The configuration cannot be taken over. The one before runs on.", { trigger, error: message.split("\n") });
      return;
    }
    const count = (change: NodeChange["change"]): number => nodes.filter((node) => node.change === change).length;
    const counts = { unchanged: count("unchanged"), rebuilt: count("rebuilt"), new: count("new"), removed: count("removed") };
    log.info(message, { trigger, ...(result === "unchanged" ? {} : counts), duration_ms: Math.round(durationMs) });
    for (const { node, state, reason } of nodes) {
      if (state === "lost") log.warn("The node has lost its memory.", { node, reason: reason ?? "it is not there any more" });
    }
  }
}

/** Without the warnings. */
function errorsIn(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === "error");
}

function notPlanned(mistakes: readonly MistakeSite[]): PlanReport {
  return { result: "failed", nodes: [], telemetryChanged: false, mistakes };
}

function failed(message: string, durationMs: number): ReloadReport {
  return { result: "failed", message, nodes: [], durationMs };
}
