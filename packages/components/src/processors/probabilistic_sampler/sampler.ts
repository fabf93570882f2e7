import type { Counter } from "@opentelemetry/api";
import type { BatchFunction, ComponentContext } from "@tidemark/core";
import type { Batch, LogBatch, TraceBatch } from "@tidemark/otlp";
import type { ProbabilisticSamplerConfig } from "./config.ts";
import { clearDecision, createDecider, newDecision, type Decision } from "./decision.ts";
import { LogReader, writeStatement, type LogStatement } from "./logs.ts";
import { PROBLEM_TEXT, type SamplerProblem } from "./policy.ts";
import { SpanReader } from "./spans.ts";

/** Decisions of one policy. */
interface PolicyCount {
  readonly policy: string;
  kept: number;
  dropped: number;
}

/** Counts the decisions of one batch, so that metrics, ledger and log are told once per batch and not once per item. */
class Tally {
  readonly #counts: PolicyCount[] = [];
  /** Of the item before: neighbours mostly share a policy. */
  #last: PolicyCount | undefined;
  readonly #problems = new Map<SamplerProblem, number>();
  #explained = 0;
  #unsampled = 0;

  add(decision: Decision, failClosed: boolean): void {
    const policy = decision.priority === "defer" ? decision.source : "sampling_priority";
    if (this.#last?.policy !== policy) this.#last = this.#countOf(policy);
    if (decision.sampled) this.#last.kept += 1;
    else {
      this.#last.dropped += 1;
      this.#unsampled += 1;
    }
    if (decision.problem === undefined) return;
    this.#problems.set(decision.problem, (this.#problems.get(decision.problem) ?? 0) + (decision.sampled ? 0 : 1));
    if (!decision.sampled && failClosed) this.#explained += 1;
  }

  report(context: ComponentContext, counter: Counter, failClosed: boolean): void {
    for (const { policy, kept } of this.#counts) if (kept > 0) counter.add(kept, { processor: context.id, policy, sampled: "true" });
    for (const { policy, dropped } of this.#counts)
      if (dropped > 0) counter.add(dropped, { processor: context.id, policy, sampled: "false" });
    for (const [problem, dropped] of this.#problems) {
      context.log.debug("Some items could not be decided on.", { error: PROBLEM_TEXT[problem], dropped });
      if (failClosed && dropped > 0) context.drop(problem, dropped);
    }
    const notSampled = this.#unsampled - this.#explained;
    if (notSampled > 0) context.drop("not_sampled", notSampled);
  }

  #countOf(policy: string): PolicyCount {
    const known = this.#counts.find((count) => count.policy === policy);
    if (known !== undefined) return known;
    const count: PolicyCount = { policy, kept: 0, dropped: 0 };
    this.#counts.push(count);
    return count;
  }
}

/** Makes the sampler of one pipeline. */
export function createSampler(config: ProbabilisticSamplerConfig, context: ComponentContext): BatchFunction {
  return new Sampler(config, context);
}

class Sampler implements BatchFunction {
  readonly #config: ProbabilisticSamplerConfig;
  readonly #context: ComponentContext;
  readonly #counters: { readonly traces: Counter; readonly logs: Counter };
  readonly #decide: (decision: Decision) => void;
  readonly #spans: SpanReader;
  readonly #logs: LogReader;
  readonly #decision = newDecision();

  constructor(config: ProbabilisticSamplerConfig, context: ComponentContext) {
    const counter = (what: string): Counter =>
      context.meter.createCounter(`otelcol_processor_probabilistic_sampler_count_${what}_sampled`, {
        description: `Number of ${what} decided on, by policy and decision.`,
      });
    this.#config = config;
    this.#context = context;
    this.#counters = { traces: counter("traces"), logs: counter("logs") };
    this.#decide = createDecider(config);
    this.#spans = new SpanReader(config);
    this.#logs = new LogReader(config);
  }

  process(batch: Batch): Batch | undefined {
    if (batch.signal === "metrics") return batch;
    const tally = new Tally();
    const kept = batch.signal === "traces" ? this.#sampleSpans(batch, tally) : this.#sampleLogs(batch, tally);
    tally.report(this.#context, this.#counters[batch.signal], this.#config.fail_closed);
    return kept.itemCount === 0 ? undefined : kept;
  }

  #judge(tally: Tally): boolean {
    this.#decide(this.#decision);
    tally.add(this.#decision, this.#config.fail_closed);
    return this.#decision.sampled;
  }

  #sampleSpans(batch: TraceBatch, tally: Tally): TraceBatch {
    const decision = this.#decision;
    const states: (string | undefined)[] = [];
    let writes = 0;
    const kept = batch.filter((span) => {
      clearDecision(decision);
      this.#spans.read(span, decision);
      if (!this.#judge(tally)) return false;
      const state = this.#spans.outgoing(decision);
      if (state !== undefined) writes += 1;
      states.push(state);
      return true;
    });
    if (writes === 0) return kept;
    let at = 0;
    return kept.edit({
      item(span) {
        const state = states[at++];
        if (state !== undefined) span.traceState = state;
      },
    });
  }

  #sampleLogs(batch: LogBatch, tally: Tally): LogBatch {
    const decision = this.#decision;
    const statements: (LogStatement | undefined)[] = [];
    let writes = 0;
    const kept = batch.filter((record) => {
      clearDecision(decision);
      this.#logs.read(record, decision);
      if (!this.#judge(tally)) return false;
      const statement = this.#logs.outgoing(decision);
      if (statement !== undefined) writes += 1;
      statements.push(statement);
      return true;
    });
    if (writes === 0) return kept;
    let at = 0;
    return kept.edit({
      item(record) {
        const statement = statements[at++];
        if (statement !== undefined) writeStatement(record, statement);
      },
    });
  }
}
