import { AttributeKey, type AttributeValue, type SpanView } from "@tidemark/otlp";
import type { ProbabilisticSamplerConfig } from "./config.ts";
import type { Decision, Priority } from "./decision.ts";
import { hashRandomness } from "./hash-randomness.ts";
import {
  EMPTY_TRACE_STATE,
  formatTraceState,
  parseTraceState,
  withThreshold,
  type TraceState,
  type TraceStateProblem,
} from "./ot-tracestate.ts";
import { bitsToHex, formatThreshold, type Bits56 } from "./threshold.ts";

const SAMPLING_PRIORITY = new AttributeKey("sampling.priority");

/** Reads what one span says about its sampling, and works out the tracestate that it leaves with. */
export class SpanReader {
  readonly #hashes: boolean;
  readonly #seed: number;
  /** The trace id's randomness, overwritten for every span. */
  readonly #own = { high: 0, low: 0 };
  readonly #id = new Uint8Array(16);
  #text = "";
  #state: TraceState | TraceStateProblem = EMPTY_TRACE_STATE;
  #written: Bits56 | undefined;
  #writtenText = "";

  constructor(config: ProbabilisticSamplerConfig) {
    this.#hashes = config.mode === "hash_seed";
    this.#seed = config.hash_seed;
  }

  read(span: SpanView, decision: Decision): void {
    decision.priority = priorityOf(span.attributes.get(SAMPLING_PRIORITY));
    const text = span.traceState;
    if (text !== this.#text) {
      this.#text = text;
      this.#state = parseTraceState(text);
    }
    const state = this.#state;
    if (typeof state === "string") decision.evidence.problem = "invalid_tracestate";
    else decision.evidence.arriving = state.ot.threshold;
    if (this.#hashes) this.#readHash(span, decision, state);
    else this.#readConsistent(span, decision, state);
  }

  /** The tracestate to write, or `undefined` when the span's own is right as it is. */
  outgoing(decision: Decision): string | undefined {
    const state = this.#state;
    const threshold = decision.outgoing;
    if (threshold === undefined || typeof state === "string") return undefined;
    const randomness = this.#hashes ? decision.evidence.randomness : undefined;
    if (state === EMPTY_TRACE_STATE) return this.#bare(threshold, randomness);
    let ot = withThreshold(state.ot, threshold);
    if (randomness !== undefined) ot = { ...ot, rv: bitsToHex(randomness), randomness };
    // Where the value would grow too long, no statement is better than a wrong one.
    const text =
      formatTraceState({ ot, others: state.others }) ?? formatTraceState({ ot: withThreshold(state.ot, undefined), others: state.others });
    return text === this.#text ? undefined : text;
  }

  /** The tracestate of a span that had none. */
  #bare(threshold: Bits56, randomness: Bits56 | undefined): string {
    if (threshold !== this.#written) {
      this.#written = threshold;
      this.#writtenText = `th:${formatThreshold(threshold)}`;
    }
    return randomness === undefined ? `ot=${this.#writtenText}` : `ot=rv:${bitsToHex(randomness)};${this.#writtenText}`;
  }

  #readHash(span: SpanView, decision: Decision, state: TraceState | TraceStateProblem): void {
    if (readTraceId(span, this.#id)) {
      decision.evidence.randomness = hashRandomness(this.#id, this.#seed);
      decision.source = "trace_id_hash";
    }
    if (typeof state === "string") return;
    // Who already uses OTEP 235 must not have its values overwritten by a hash.
    if (state.ot.rv !== "") decision.evidence.problem = "randomness_in_use";
    else if (state.ot.th !== "") decision.evidence.problem = "threshold_in_use";
  }

  #readConsistent(span: SpanView, decision: Decision, state: TraceState | TraceStateProblem): void {
    if (typeof state !== "string" && state.ot.randomness !== undefined) {
      decision.evidence.randomness = state.ot.randomness;
      decision.source = "sampling_randomness";
    } else if (readTraceId(span, this.#id)) {
      this.#own.high = span.traceIdHigh28;
      this.#own.low = span.traceIdLow28;
      decision.evidence.randomness = this.#own;
      decision.source = "trace_id_w3c";
    }
  }
}

/** Reads the trace id; false when there is none, or only the invalid one of zeros. */
export function readTraceId(item: { copyTraceId(target: Uint8Array): boolean }, id: Uint8Array): boolean {
  if (!item.copyTraceId(id)) return false;
  for (let at = 15; at >= 0; at -= 1) if (id[at] !== 0) return true;
  return false;
}

/** `sampling.priority` as OpenTracing defined it: 0 drops, more than 0 keeps, whatever the type. */
export function priorityOf(value: AttributeValue | undefined): Priority {
  if (value === undefined) return "defer";
  let number = Number.NaN;
  if (typeof value === "number" || typeof value === "bigint") number = Number(value);
  else if (typeof value === "string" && value.trim() !== "") number = Number(value);
  if (number === 0) return "drop";
  return number > 0 ? "keep" : "defer";
}
