import { DELIVERED, StateStore, type Delivery, type Outcome, type Peers } from "@tidemark/core";
import { settlePromises, testContext, type TestContext } from "@tidemark/core/testing";
import type { MetricBatch } from "@tidemark/otlp";
import type { CheckResult } from "../check.ts";
import { httpCheckConfig } from "../config.ts";
import { TIMED_OUT, type Failure } from "../failure.ts";
import { HttpCheck } from "../http-check.ts";
import type { Target } from "../target.ts";

/** How the next checks of a target end: with a status, with no answer, or not at all. */
export type Ending = number | Failure | "never";

/** The receiver with targets that are made up. */
export interface Rig {
  readonly context: TestContext;
  /** By URL; others answer 200. */
  readonly endings: Map<string, Ending>;
  /** Checks that have begun, as `2000 http://a/`: after so many milliseconds. */
  readonly begun: string[];
  /** Most checks at the same time so far. */
  most: number;
  /** Checks that run now. */
  running: number;
  /** What the pipeline does with the next deliveries; "later" leaves them open. */
  outcome: Outcome | "later";
  readonly open: Delivery[];
  readonly batches: MetricBatch[];
  /** Points of `metric` in the batches since the last call, as `http://a/ timeout=1`. */
  told(metric?: string): string[];
  advance(seconds: number): Promise<void>;
  /** Ends the receiver, and starts another with the same memory. */
  reload(yaml: Record<string, unknown>): Promise<void>;
  shutdown(deadline?: AbortSignal): Promise<void>;
}

export interface RigOptions {
  readonly worker?: { readonly index: number; readonly count: number };
  readonly peers?: Peers;
  readonly states?: StateStore;
  /** How long each check takes. */
  readonly takesMs?: number;
}

/** Starts the receiver. */
export async function rig(yaml: Record<string, unknown>, options: RigOptions = {}): Promise<Rig> {
  const { takesMs = 0, states = new StateStore(), worker = { index: 0, count: 1 } } = options;
  const base = testContext({ id: "http_check", kind: "receiver", states });
  const context: TestContext = { ...base, worker, peers: options.peers ?? base.peers };
  const startedAt = context.clock.now();
  let receiver: HttpCheck;
  const check = async (target: Target, stop: AbortSignal): Promise<CheckResult | undefined> => {
    made.begun.push(`${context.clock.now() - startedAt} ${target.url.href}`);
    made.running += 1;
    made.most = Math.max(made.most, made.running);
    const ending = made.endings.get(target.url.href) ?? 200;
    const aborted = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
    const waited = new Promise<void>((resolve) => void (ending === "never" || context.clock.setTimeout(resolve, takesMs)));
    await Promise.race([waited, aborted]);
    made.running -= 1;
    return stop.aborted ? undefined : resultOf(target, ending, { at: context.clock.now(), durationMs: takesMs });
  };
  const begin = async (fresh: Record<string, unknown>): Promise<void> => {
    const open = (): Promise<{ check: typeof check; close(): void }> => Promise.resolve({ check, close: () => undefined });
    receiver = new HttpCheck(httpCheckConfig.parse({ initial_delay: "0s", collection_interval: "30s", ...fresh }), context, open);
    receiver.deliveries.subscribe((delivery) => {
      made.batches.push(delivery.batch as MetricBatch);
      if (made.outcome === "later") made.open.push(delivery);
      else delivery.settlement.settle(made.outcome);
    });
    await receiver.start();
    await settlePromises();
  };
  let read = 0;
  const made: Rig = {
    context,
    endings: new Map(),
    begun: [],
    most: 0,
    running: 0,
    outcome: DELIVERED,
    open: [],
    batches: [],
    told: (metric = "health.status") => made.batches.slice(read, (read = made.batches.length)).flatMap((batch) => pointsOf(batch, metric)),
    advance: (seconds) => context.clock.advance(seconds * 1000),
    async reload(fresh) {
      await made.shutdown();
      await begin(fresh);
    },
    shutdown: (deadline = new AbortController().signal) => receiver.shutdown(deadline),
  };
  await begin(yaml);
  return made;
}

function resultOf(target: Target, ending: Ending, times: { readonly at: number; readonly durationMs: number }): CheckResult {
  const timings = { dns: 1, connect: 2, tls: 3, request: 4, response: 5 };
  const status = typeof ending === "number" ? ending : undefined;
  const failure = typeof ending === "object" ? ending : ending === "never" ? TIMED_OUT : undefined;
  return {
    target,
    ...times,
    answer: status === undefined ? undefined : { status, location: undefined, size: 4, timings, certificate: undefined },
    failure,
    passed: { contains: 1 },
    failed: {},
    reason: failure?.reason ?? (target.isExpected(status ?? 0) ? undefined : "unexpected_status"),
  };
}

function pointsOf(batch: MetricBatch, wanted: string): string[] {
  const metrics = batch.toObject().resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
  return metrics.flatMap(({ name, gauge, sum }) => {
    if (name !== wanted) return [];
    return ((gauge ?? sum)?.dataPoints ?? []).map(({ attributes = [], asInt }) => {
      const text = (key: string): string => {
        const value = attributes.find((attribute) => attribute.key === key)?.value ?? {};
        return "stringValue" in value ? String(value.stringValue) : "";
      };
      return `${text("target") || text("http.url")} ${text("reason_code")}=${asInt}`;
    });
  });
}
