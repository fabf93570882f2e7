import { evidenceIndexKey, nanosFromMs, serviceOf, traceContextsKey } from "@tidemark/alerting";
import type { Alert } from "@tidemark/alerting";
import type { BatchFunction, ComponentContext, Timer } from "@tidemark/core";
import type { Batch, DataPointView, Signal, SpanView } from "@tidemark/otlp";
import { AlertOutbox } from "./alert-outbox.ts";
import type { EwmaThresholdConfig } from "./config.ts";
import { firingAlert, labelsOf, measureOfPoint, summarizeEnd, type Firing } from "./describe-alert.ts";
import type { Measure } from "./describe-alert.ts";
import { endEpisode, step } from "./detector.ts";
import type { Verdict } from "./detector.ts";
import { gatherEvidence, pointRequest, spanRequest } from "./find-evidence.ts";
import type { EvidenceRequest, EvidenceSources, Subject } from "./evidence-request.ts";
import { answerPeer, peerQuestion } from "./peer-evidence.ts";
import type { PeerAnswer, PeerQuestion } from "./peer-evidence.ts";
import { emptyPointMemory, pointKind, pointValue } from "./point-value.ts";
import type { PointKind, SkippedPoints } from "./point-value.ts";
import { addSeries, createEwmaState } from "./series-table.ts";
import type { EwmaState, Series, SeriesKey } from "./series-table.ts";
import { settingsFrom } from "./settings.ts";
import type { Settings } from "./settings.ts";

const STATE_VERSION = 1;
const SPAN_MEASURE: Measure = { metric: "span.duration", unit: "ms", statistic: "" };
const SPAN_KIND: PointKind = { type: "gauge", isDelta: false, isMonotonic: false };
const NANOS_PER_MS = 1e6;
/** Series that match nothing are remembered up to this many, so that their attributes are not read again. */
const MAX_IGNORED = 100_000;

/** Context of a processor. */
export type EwmaContext = ComponentContext & { readonly signal: Signal; readonly pipeline: string };

/** Watches series and offers alerts; what it watches passes on untouched. */
export class EwmaThreshold implements BatchFunction {
  readonly #context: EwmaContext;
  readonly #settings: Settings;
  readonly #state: EwmaState;
  readonly #sources: EvidenceSources;
  readonly #outbox: AlertOutbox;
  /** What is watched, as one comparable text. */
  readonly #watching: string;
  readonly #ignored = new Set<SeriesKey>();
  readonly #skipped: SkippedPoints = { no_recorded_value: 0, not_finite: 0, out_of_order: 0, no_interval: 0 };
  readonly #skippedCounter;
  readonly #evictedCounter;
  #evicted = 0;
  #staleCheck: Timer | undefined;
  #stopped = false;
  /** Our time of the present batch. */
  #now = 0;

  constructor(config: EwmaThresholdConfig, context: EwmaContext) {
    this.#context = context;
    this.#settings = settingsFrom(config, context.id);
    this.#watching = JSON.stringify([config.match, config.quantile]);
    const deduplication = { coolDownMs: config.cool_down, maxEntries: config.max_series };
    this.#state = context.state(`series:${context.pipeline}`, STATE_VERSION, () => createEwmaState(deduplication, this.#watching)).value;
    this.#state.alerts.configure(deduplication);
    this.#sources = {
      index: context.shared(evidenceIndexKey),
      traces: context.shared(traceContextsKey),
      windowMs: config.evidence.window,
      roomKey: config.evidence.room_key,
      userAgentKey: config.evidence.user_agent_key,
    };
    this.#outbox = new AlertOutbox(context);
    this.#skippedCounter = context.meter.createCounter("tidemark_processor_ewma_threshold_skipped_points", {
      description: "Data points that gave no sample, by reason",
      unit: "{point}",
    });
    this.#evictedCounter = context.meter.createCounter("tidemark_processor_ewma_threshold_evicted_series", {
      description: "Series forgotten because of max_series",
      unit: "{series}",
    });
  }

  start(): void {
    if (this.#state.watching !== this.#watching) this.#forgetAll();
    this.#evictToLimit();
    this.#scheduleStaleCheck();
    // Another worker may own the traces that show why a series of ours fires.
    this.#context.peers.answer((question) => answerPeer(question as PeerQuestion, this.#sources));
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#stopped = true;
    this.#staleCheck?.cancel();
    this.#staleCheck = undefined;
    await this.#outbox.close(deadline);
  }

  process(batch: Batch): Batch {
    this.#now = this.#context.clock.now();
    if (batch.signal === "metrics") {
      const points = batch.items();
      while (points.next()) this.#point(points);
    } else if (batch.signal === "traces") {
      const spans = batch.items();
      while (spans.next()) this.#span(spans);
    }
    this.#report();
    this.#outbox.pump();
    return batch;
  }

  #point(point: DataPointView): void {
    const key = point.seriesIdentity;
    const series = this.#touch(key) ?? this.#admit(key, point);
    if (series === undefined) return;
    if (point.noRecordedValue) {
      this.#skipped.no_recorded_value++;
      if (series.alert !== undefined) this.#resolve(series);
      return;
    }
    const at = Number(point.timeUnixNano) / NANOS_PER_MS;
    const coversMs = at - series.memory.pointAt;
    const value = pointValue(point, at, series.memory, this.#settings.quantile, this.#skipped);
    if (Number.isNaN(value)) return;
    const verdict = step(series.detector, value, at, this.#settings.detector);
    if (verdict === "quiet" || verdict === "pending") return;
    if (verdict === "fires") {
      const labels = labelsOf(point.resource, point.attributes, this.#settings.labels);
      const subject = this.#subject(point, labels, series, { at, coversMs });
      const request = pointRequest(point, subject, this.#sources);
      const measure = measureOfPoint(point, this.#settings.quantile);
      this.#fire(series, { resource: point.resource, labels, measure, value }, request);
    } else this.#follow(series, verdict, value);
  }

  #span(span: SpanView): void {
    const key = `${serviceOf(span.resource)}\n${span.name}`;
    const series = this.#touch(key) ?? this.#admit(key, span);
    if (series === undefined) return;
    if (this.#settings.checksItems && !this.#settings.matchesItem(span.attributes)) return;
    const value = span.durationMs;
    if (!(value >= 0) || span.endTimeUnixNano === 0n) {
      this.#skipped.not_finite++;
      return;
    }
    const at = Number(span.endTimeUnixNano) / NANOS_PER_MS;
    const verdict = step(series.detector, value, at, this.#settings.detector);
    if (verdict === "quiet" || verdict === "pending") return;
    if (verdict === "fires") {
      const labels = labelsOf(span.resource, span, this.#settings.labels);
      const request = spanRequest(span, this.#subject(span, labels, series, { at, coversMs: undefined }), this.#sources);
      this.#fire(series, { resource: span.resource, labels, measure: SPAN_MEASURE, value }, request);
    } else this.#follow(series, verdict, value);
  }

  #subject(
    item: DataPointView | SpanView,
    attributes: Record<string, string>,
    { detector }: Series,
    time: Pick<Subject, "at" | "coversMs">,
  ): Subject {
    return { service: serviceOf(item.resource), attributes, ...time, now: this.#now, side: detector.side };
  }

  #watches(item: DataPointView | SpanView): boolean {
    const { matchesMetric, matchesSpan, matchesItem, matchesResource } = this.#settings;
    if (!matchesResource(item.resource.attributes)) return false;
    // The attributes of a point are its series; those of spans differ from span to span.
    return "metric" in item ? matchesMetric(item.metric.name) && matchesItem(item.attributes) : matchesSpan(item.name);
  }

  #touch(key: SeriesKey): Series | undefined {
    const series = this.#state.series.touch(key);
    if (series !== undefined) series.seenAt = this.#now;
    return series;
  }

  #admit(key: SeriesKey, item: DataPointView | SpanView): Series | undefined {
    if (this.#ignored.has(key)) return undefined;
    if (!this.#watches(item)) {
      if (this.#ignored.size >= MAX_IGNORED) this.#ignored.clear();
      this.#ignored.add(key);
      return undefined;
    }
    const added = addSeries(this.#state, key, this.#now, emptyPointMemory("metric" in item ? pointKind(item.metric) : SPAN_KIND));
    this.#evictToLimit();
    return added;
  }

  #fire(series: Series, what: Pick<Firing, "resource" | "labels" | "measure" | "value">, request: EvidenceRequest): void {
    const evidence = gatherEvidence(request, this.#sources);
    const alert = firingAlert(this.#settings, { ...what, source: this.#context.id, state: series.detector, evidence });
    series.alert = alert;
    this.#state.firing.add(series);
    this.#scheduleStaleCheck();
    if (!this.#state.alerts.begin(alert.fingerprint, this.#now)) return;
    this.#outbox.push(this.#context.worker.count === 1 ? alert : this.#withPeers(series, alert, request));
  }

  /** The alert with the evidence of all workers; the end of the series, should it come first, shows only our own. */
  async #withPeers(series: Series, alert: Alert, request: EvidenceRequest): Promise<Alert> {
    const answers = await this.#context.peers.ask(peerQuestion(request, this.#sources));
    const complete = { ...alert, evidence: gatherEvidence(request, this.#sources, answers as readonly PeerAnswer[]) };
    if (series.alert === alert) series.alert = complete;
    return complete;
  }

  /** A series that fires already: told again after the cool-down, or at its end. The evidence stays that of the start. */
  #follow(series: Series, verdict: Verdict, value: number): void {
    if (series.alert === undefined) return;
    if (verdict === "resolves") this.#resolve(series, value);
    else if (this.#state.alerts.again(series.alert.fingerprint, this.#now)) {
      this.#outbox.push({ ...series.alert, value, threshold: series.detector.threshold });
    }
  }

  #resolve(series: Series, value?: number): void {
    const { alert } = series;
    if (alert === undefined) return;
    series.alert = undefined;
    this.#state.firing.delete(series);
    if (value === undefined) endEpisode(series.detector, this.#settings.detector);
    if (!this.#state.alerts.end(alert.fingerprint)) return;
    const endsAt = nanosFromMs(series.detector.lastAt);
    this.#outbox.push({ ...alert, status: "resolved", value: value ?? alert.value, endsAt, summary: summarizeEnd(alert, value) });
  }

  /** The configuration watches something else than the state that was handed over: other names, or other values of them. */
  #forgetAll(): void {
    this.#state.watching = this.#watching;
    const { series } = this.#state;
    for (let { oldest } = series; oldest !== undefined; oldest = series.oldest) {
      this.#resolve(oldest);
      series.remove(oldest);
    }
    this.#outbox.pump();
  }

  #evictToLimit(): void {
    const { series } = this.#state;
    while (series.size > this.#settings.maxSeries && series.oldest !== undefined) {
      const { oldest } = series;
      this.#resolve(oldest);
      series.remove(oldest);
      this.#evicted++;
    }
  }

  /** A series that went silent while firing gives no sample that could end its alert. */
  #scheduleStaleCheck(): void {
    if (this.#stopped || this.#staleCheck !== undefined || this.#state.firing.size === 0) return;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { seenAt } of this.#state.firing) oldest = Math.min(oldest, seenAt);
    const wait = Math.max(1, oldest + this.#settings.staleMs - this.#context.clock.now());
    this.#staleCheck = this.#context.clock.setTimeout(() => {
      this.#staleCheck = undefined;
      const limit = this.#context.clock.now() - this.#settings.staleMs;
      for (const series of this.#state.firing) if (series.seenAt <= limit) this.#resolve(series);
      this.#outbox.pump();
      this.#scheduleStaleCheck();
    }, wait);
  }

  #report(): void {
    if (this.#evicted > 0) {
      this.#evictedCounter.add(this.#evicted, { processor: this.#context.id });
      this.#evicted = 0;
    }
    for (const reason of Object.keys(this.#skipped) as (keyof SkippedPoints)[]) {
      if (this.#skipped[reason] === 0) continue;
      this.#skippedCounter.add(this.#skipped[reason], { processor: this.#context.id, reason });
      this.#skipped[reason] = 0;
    }
  }
}
