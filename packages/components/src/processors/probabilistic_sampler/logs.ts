import { AttributeKey, type AttributeValue, type LogRecordEditor, type LogRecordView } from "@tidemark/otlp";
import type { ProbabilisticSamplerConfig } from "./config.ts";
import type { Decision } from "./decision.ts";
import { hashRandomness } from "./hash-randomness.ts";
import { readTraceId } from "./spans.ts";
import { bitsToHex, formatThreshold, parseRandomness, parseThreshold, thresholdOf, type Bits56 } from "./threshold.ts";

const THRESHOLD = new AttributeKey("sampling.threshold");
const RANDOMNESS = new AttributeKey("sampling.randomness");

/** What a kept record gets written; empty texts leave the attribute alone. */
export interface LogStatement {
  readonly threshold: string;
  readonly randomness: string;
}

/** Reads what one log record says about its sampling, and works out the attributes that it leaves with. */
export class LogReader {
  readonly #config: ProbabilisticSamplerConfig;
  readonly #hashes: boolean;
  readonly #fromAttribute: AttributeKey | undefined;
  readonly #priority: AttributeKey | undefined;
  readonly #own = { high: 0, low: 0 };
  readonly #id = new Uint8Array(16);
  #arrivedText = "";
  #mustWriteRandomness = false;

  constructor(config: ProbabilisticSamplerConfig) {
    this.#config = config;
    this.#hashes = config.mode === "hash_seed";
    this.#fromAttribute = config.from_attribute === "" ? undefined : new AttributeKey(config.from_attribute);
    this.#priority = config.sampling_priority === "" ? undefined : new AttributeKey(config.sampling_priority);
  }

  read(record: LogRecordView, decision: Decision): void {
    const { attributes } = record;
    const threshold = attributes.getString(THRESHOLD) ?? "";
    const randomness = attributes.getString(RANDOMNESS) ?? "";
    const explicit = randomness === "" ? undefined : parseRandomness(randomness);
    this.#arrivedText = threshold;
    this.#mustWriteRandomness = false;
    decision.evidence.arriving = threshold === "" ? undefined : parseThreshold(threshold);
    const broken = (threshold !== "" && decision.evidence.arriving === undefined) || (randomness !== "" && explicit === undefined);
    if (this.#hashes) this.#readHash(record, decision);
    else this.#readConsistent(record, decision, explicit);
    if (broken) decision.evidence.problem = "invalid_tracestate";
    else if (this.#hashes && randomness !== "") decision.evidence.problem = "randomness_in_use";
    else if (this.#hashes && threshold !== "") decision.evidence.problem = "threshold_in_use";
    if (this.#priority !== undefined) decision.requested = this.#requested(attributes.get(this.#priority));
  }

  /** The attributes to write, or `undefined` when the record's own are right as they are. */
  outgoing(decision: Decision): LogStatement | undefined {
    if (decision.outgoing === undefined) return undefined;
    const text = formatThreshold(decision.outgoing);
    const { randomness } = decision.evidence;
    const written = this.#mustWriteRandomness && randomness !== undefined ? bitsToHex(randomness) : "";
    const threshold = text === this.#arrivedText ? "" : text;
    return threshold === "" && written === "" ? undefined : { threshold, randomness: written };
  }

  #readHash(record: LogRecordView, decision: Decision): void {
    if (this.#config.attribute_source === "traceID" && readTraceId(record, this.#id)) {
      decision.evidence.randomness = hashRandomness(this.#id, this.#config.hash_seed);
      decision.source = "trace_id_hash";
      this.#mustWriteRandomness = true;
    } else this.#hashAttribute(record, decision);
  }

  #readConsistent(record: LogRecordView, decision: Decision, explicit: Bits56 | undefined): void {
    if (explicit !== undefined) {
      decision.evidence.randomness = explicit;
      decision.source = "sampling_randomness";
    } else if (readTraceId(record, this.#id)) {
      this.#own.high = record.traceIdHigh28;
      this.#own.low = record.traceIdLow28;
      decision.evidence.randomness = this.#own;
      decision.source = "trace_id_w3c";
    } else this.#hashAttribute(record, decision);
  }

  #hashAttribute(record: LogRecordView, decision: Decision): void {
    if (this.#fromAttribute === undefined) return;
    const bytes = bytesOf(record.attributes.get(this.#fromAttribute));
    if (bytes.length === 0) return;
    decision.evidence.randomness = hashRandomness(bytes, this.#config.hash_seed);
    decision.source = this.#fromAttribute.name;
    this.#mustWriteRandomness = true;
  }

  #requested(value: AttributeValue | undefined): Bits56 | undefined {
    if (typeof value !== "number" && typeof value !== "bigint") return undefined;
    return thresholdOf(Math.min(Number(value), 100) / 100, this.#config.sampling_precision);
  }
}

/** Writes what was decided into a kept record. */
export function writeStatement(record: LogRecordEditor, statement: LogStatement): void {
  if (statement.threshold !== "") record.attributes.set(THRESHOLD, statement.threshold);
  if (statement.randomness !== "") record.attributes.set(RANDOMNESS, statement.randomness);
}

/** The bytes that stand for an attribute: its own where it is bytes, else those of its text. */
function bytesOf(value: AttributeValue | undefined): Uint8Array {
  if (value === undefined || value === null) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  return new TextEncoder().encode(typeof value === "object" ? JSON.stringify(value) : String(value));
}
