import type { Counter } from "@opentelemetry/api";
import type { BatchFunction, ComponentContext } from "@tidemark/core";
import type { Batch, LogBatch, TraceBatch } from "@tidemark/otlp";
import type { ProbabilisticSamplerConfig } from "./config.ts";
import { clearDecision, createDecider, newDecision, type Decision } from "./decision.ts";
import { LogReader, writeStatement, type LogStatement } from "./logs.ts";
import { PROBLEM_TEXT, type SamplerProblem } from "./policy.ts";
import { SpanReader } from "./spans.ts";

/** Counts the decisions of one batch, so that metrics, ledger and log are told once per batch and not once per item. */
class Tally {
  readonly #kept = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  readonly #problems = new Map<SamplerProblem, number>();
  #explained = 0;
  #unsampled = 0;

  add(decision: Decision, failClosed: boolean): void {
    const policy = decision.priority === "defer" ? decision.source : "sampling_priority";
    const counts = decision.sampled ? this.#kept : this.#dropped;
    counts.set(policy, (counts.get(policy) ?? 0) + 1);
    if (!decision.sampled) this.#unsampled += 1;
    if (decision.problem === undefined) return;
    this.#problems.set(decision.problem, (this.#problems.get(decision.problem) ?? 0) + (decision.sampled ? 0 : 1));
    if (!decision.sampled && failClosed) this.#explained += 1;
  }

  report(context: ComponentContext, counter: Counter, failClosed: boolean): void {
    for (const [policy, count] of this.#kept) counter.add(count, { processor: context.id, policy, sampled: "true" });
    for (const [policy, count] of this.#dropped) counter.add(count, { processor: context.id, policy, sampled: "false" });
    for (const [problem, dropped] of this.#problems) {
      context.log.debug("Some items could not be decided on.", { error: PROBLEM_TEXT[problem], dropped });
      if (failClosed && dropped > 0) context.drop(problem, dropped);
    }
    const notSampled = this.#unsampled - this.#explained;
    if (notSampled > 0) context.drop("not_sampled", notSampled);
  }
}

/** Makes the sampler of one pipeline. */
export function createSampler(config: ProbabilisticSamplerConfig, context: ComponentContext): BatchFunction {
  const counter = (what: string): Counter =>
    context.meter.createCounter(`otelcol_processor_probabilistic_sampler_count_${what}_sampled`, {
      description: `Number of ${what} decided on, by policy and decision.`,
    });
  const counters = { traces: counter("traces"), logs: counter("logs") };
  const decide = createDecider(config);
  const spans = new SpanReader(config);
  const logs = new LogReader(config);
  const decision = newDecision();

  function judge(tally: Tally): boolean {
    decide(decision);
    tally.add(decision, config.fail_closed);
    return decision.sampled;
  }

  function sampleSpans(batch: TraceBatch, tally: Tally): TraceBatch {
    const states: (string | undefined)[] = [];
    let writes = 0;
    const kept = batch.filter((span) => {
      clearDecision(decision);
      spans.read(span, decision);
      if (!judge(tally)) return false;
      const state = spans.outgoing(decision);
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

  function sampleLogs(batch: LogBatch, tally: Tally): LogBatch {
    const statements: (LogStatement | undefined)[] = [];
    let writes = 0;
    const kept = batch.filter((record) => {
      clearDecision(decision);
      logs.read(record, decision);
      if (!judge(tally)) return false;
      const statement = logs.outgoing(decision);
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

  return {
    process(batch: Batch) {
      if (batch.signal === "metrics") return batch;
      const tally = new Tally();
      const kept = batch.signal === "traces" ? sampleSpans(batch, tally) : sampleLogs(batch, tally);
      tally.report(context, counters[batch.signal], config.fail_closed);
      return kept.itemCount === 0 ? undefined : kept;
    },
  };
}
