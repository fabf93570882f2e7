import {
  createSettlement,
  type ComponentContext,
  type Delivery,
  type Outcome,
  type Receiver,
  type StateHandle,
  type Timer,
} from "@tidemark/core";
import { Subject, type Observable } from "rxjs";
import { NewestOutbox } from "../../scraping/newest-outbox.ts";
import { Rounds } from "../../scraping/rounds.ts";
import { metricsOf, type Reading } from "./check-metrics.ts";
import type { CheckResult } from "./check.ts";
import { openChecker, type Checker } from "./clients.ts";
import { follow, healthPoints, newCondition } from "./condition.ts";
import type { HttpCheckConfig } from "./config.ts";
import { keepForNext, leave, newMemory, takeOver, type CheckMemory } from "./succession.ts";
import { targetsOf, type Target } from "./target.ts";

const VERSION = 1;
/** Results of one round leave together, but wait no longer than this for slow targets. */
const GATHER_MS = 1000;

/** Checks targets round by round. With several workers the first one does it for all. */
export class HttpCheck implements Receiver {
  readonly deliveries: Observable<Delivery>;
  readonly #stream = new Subject<Delivery>();
  readonly #config: HttpCheckConfig;
  readonly #context: ComponentContext;
  readonly #open: typeof openChecker;
  readonly #targets: readonly Target[];
  readonly #memory: StateHandle<CheckMemory | undefined>;
  readonly #outbox: NewestOutbox<Reading>;
  readonly #rounds: Rounds;
  readonly #stop = new AbortController();
  readonly #startedAt: number;
  /** Targets that wait for their turn. */
  readonly #queue: Target[] = [];
  /** Targets that wait or are being checked: they are not checked a second time at once. */
  readonly #busy = new Set<string>();
  #running = 0;
  #checker: Checker | undefined;
  #gathering: Timer | undefined;

  constructor(config: HttpCheckConfig, context: ComponentContext, open: typeof openChecker = openChecker) {
    const { clock, log } = context;
    this.#config = config;
    this.#context = context;
    this.#open = open;
    this.#targets = targetsOf(config);
    this.#memory = context.state("memory", VERSION, () => undefined);
    this.#startedAt = clock.now();
    this.#outbox = new NewestOutbox({ clock, log, send: (readings) => this.#send(readings) });
    this.#rounds = new Rounds(clock, config.collection_interval, () => this.#begin());
    this.deliveries = this.#stream.asObservable();
  }

  /** Rejects when a certificate cannot be read. */
  async start(): Promise<void> {
    const { worker, peers } = this.#context;
    if (worker.index > 0) return keepForNext(peers);
    this.#warn();
    const checker = await this.#open(this.#config.targets, this.#context);
    if (this.#stop.signal.aborted) return checker.close();
    this.#checker = checker;
    if (worker.count > 1 && this.#memory.value === undefined) void this.#succeed();
    else this.#rounds.start(this.#config.initial_delay);
  }

  /** Checks that run are given up; resolves when what has left is settled, or time is up. */
  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#rounds.stop();
    this.#gathering?.cancel();
    this.#stop.abort();
    this.#checker?.close();
    await this.#outbox.close(deadline);
  }

  /** Goes on where the process has stopped that was the first worker before, if there was one. */
  async #succeed(): Promise<void> {
    this.#memory.value = await takeOver(this.#context.peers);
    if (!this.#stop.signal.aborted) this.#rounds.start(this.#config.initial_delay);
  }

  #warn(): void {
    const { log } = this.#context;
    const { collection_interval: interval } = this.#config;
    const series = Map.groupBy(this.#targets, ({ method, shownUrl }) => `${method} ${shownUrl}`);
    for (const [target, { length }] of series)
      if (length > 1) log.warn("Targets give the same series; checks of one URL need different methods.", { target, count: length });
    const { timeout: standard, targets } = this.#config;
    // Without a written timeout it is the Collector's, and so is what comes of it.
    const slow = this.#targets.filter(({ index, timeoutMs }) => (targets[index]?.timeout ?? standard) > 0 && timeoutMs > interval);
    for (const { shownUrl } of slow)
      log.warn("The timeout is longer than collection_interval: while a check takes so long, its target is left out.", {
        target: shownUrl,
      });
  }

  #begin(): void {
    const memory = (this.#memory.value ??= newMemory());
    const keys = new Set(this.#targets.map(({ key }) => key));
    for (const key of Object.keys(memory.conditions)) if (!keys.has(key)) delete memory.conditions[key];
    for (const target of this.#targets) {
      if (this.#busy.has(target.key)) continue;
      this.#busy.add(target.key);
      this.#queue.push(target);
    }
    this.#takeNext();
  }

  #takeNext(): void {
    while (this.#running < this.#config.max_concurrent_checks) {
      const target = this.#queue.shift();
      if (target === undefined || this.#checker === undefined) return;
      this.#running += 1;
      void this.#checker.check(target, this.#stop.signal).then((result) => this.#checked(target, result));
    }
  }

  #checked(target: Target, result: CheckResult | undefined): void {
    this.#running -= 1;
    this.#busy.delete(target.key);
    if (result === undefined || this.#stop.signal.aborted) return;
    this.#outbox.put(target.key, { result, health: this.#judge(target, result) });
    this.#takeNext();
    if (this.#running === 0) this.#flush();
    else this.#gathering ??= this.#context.clock.setTimeout(() => this.#flush(), GATHER_MS);
  }

  #judge(target: Target, { reason }: CheckResult): Reading["health"] {
    const { conditions } = (this.#memory.value ??= newMemory());
    const condition = (conditions[target.key] ??= newCondition());
    const before = condition.degraded;
    follow(condition, reason, target.failureThreshold);
    const { log } = this.#context;
    const { service, shownUrl } = target;
    if (before === undefined && condition.degraded !== undefined)
      log.warn("A target is DEGRADED.", { service, target: shownUrl, reason_code: condition.degraded, failures: condition.failures });
    if (before !== undefined && condition.degraded === undefined) log.info("A target is UP again.", { service, target: shownUrl });
    return healthPoints(condition);
  }

  #flush(): void {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    this.#outbox.flush();
    const { worker, peers, clock } = this.#context;
    const memory = this.#memory.value;
    if (worker.count === 1 || memory === undefined) return;
    memory.savedAt = clock.now();
    void leave(peers, memory);
  }

  #send(readings: readonly Reading[]): Promise<Outcome> {
    const batch = metricsOf(readings, this.#config.metrics, this.#startedAt);
    if (batch.itemCount === 0) return Promise.resolve({ kind: "delivered" });
    return new Promise((resolve) => {
      const settlement = createSettlement(resolve);
      this.#stream.next({ batch, settlement, context: { receivedAt: this.#context.clock.now(), transport: "http_check" } });
    });
  }
}
