import { encodeAlerts } from "@tidemark/alerting";
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
import { alertOf, type AlertSource } from "./alert-of.ts";
import { carriersOf, isTellable } from "./carriers.ts";
import { conditions, rejectedReload, watchdog } from "./conditions.ts";
import type { SelfAlertsConfig } from "./config.ts";
import { dueEpisodes, followFindings, send, type Arrival, type Episode, type Pace } from "./episodes.ts";
import { exporterFailures } from "./exporter-failures.ts";
import type { Finding, RuleName } from "./finding.ts";
import { adoptMemory, newMemory, type SelfMemory } from "./memory.ts";
import { answerLeader, PeersView } from "./peers-view.ts";
import { queueGrowth } from "./queue-growth.ts";
import { baselineOf, takeSnapshot, type Baseline, type Snapshot } from "./snapshot.ts";

const VERSION = 1;

/**
 * Looks at the books and the health of the collector, and sends what is wrong as alerts. With several workers the first one alerts
 * for all: it asks the others, so that one cause is one alert.
 */
export class SelfAlerts implements Receiver {
  readonly deliveries: Observable<Delivery>;
  readonly #stream = new Subject<Delivery>();
  readonly #config: SelfAlertsConfig;
  readonly #context: ComponentContext;
  readonly #source: AlertSource;
  readonly #baseline: StateHandle<Baseline | undefined>;
  readonly #memory: StateHandle<SelfMemory | undefined>;
  readonly #peers: PeersView;
  readonly #settled: (() => void)[] = [];
  #timer: Timer | undefined;
  #onTheirWay = 0;
  #isStopped = false;

  constructor(config: SelfAlertsConfig, context: ComponentContext) {
    this.#config = config;
    this.#context = context;
    this.#source = { id: context.id, service: config.service, hasWorkers: context.worker.count > 1 };
    this.#baseline = context.state("baseline", VERSION, () => undefined);
    this.#memory = context.state("memory", VERSION, () => undefined);
    this.#peers = new PeersView(context.peers, context.clock);
    this.deliveries = this.#stream.asObservable();
  }

  start(): void {
    const { host, clock, worker, peers } = this.#context;
    this.#baseline.value ??= baselineOf(host, clock.now());
    if (worker.index > 0) return answerLeader(peers, () => this.#look());
    if (this.#memory.value === undefined && worker.count > 1) return void this.#succeed();
    this.#memory.value ??= newMemory(clock.now());
    this.#schedule();
  }

  /** Goes on where the process has stopped that was the first worker before, if there was one. */
  async #succeed(): Promise<void> {
    const left = await this.#peers.ask(undefined);
    this.#memory.value ??= left === undefined ? newMemory(this.#context.clock.now()) : adoptMemory(left);
    this.#schedule();
  }

  /** Nothing new is found any more; resolves when what has left is settled, or time is up. */
  shutdown(deadline: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    if (this.#onTheirWay === 0 || deadline.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled.push(resolve);
      deadline.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#check();
      this.#schedule();
    }, this.#config.interval);
  }

  #look(): Snapshot {
    const { host, worker, clock } = this.#context;
    this.#baseline.value ??= baselineOf(host, clock.now());
    return takeSnapshot(host, worker.index, this.#baseline.value);
  }

  #check(): void {
    const { clock, worker } = this.#context;
    const now = clock.now();
    const memory = (this.#memory.value ??= newMemory(now));
    memory.savedAt = now;
    const paceOf = (rule: RuleName): Pace => this.#paceOf(rule);
    followFindings(memory.episodes, this.#findings([this.#look(), ...this.#peers.snapshots()], memory, now), now, paceOf);
    this.#send(dueEpisodes(memory.episodes, now, paceOf), now);
    // What they answer counts the next time: a worker that hangs does not hold up the alerts of the others.
    if (worker.count > 1) void this.#peers.ask(memory);
  }

  #findings(snapshots: readonly Snapshot[], memory: SelfMemory, now: number): Finding[] {
    const { host, id } = this.#context;
    const config = this.#config;
    const carriers = carriersOf(id, host.topology());
    const rejected = rejectedReload(host.lastReload());
    const labels = { "service.name": config.service, ...config.labels };
    return [
      ...exporterFailures(memory.failures, snapshots, now, { resolveAfterMs: config.exporter_failed.resolve_after, carriers }),
      ...queueGrowth(memory.growth, snapshots, now, config.queue_growing),
      ...conditions(snapshots, now),
      ...(rejected === undefined ? [] : [rejected]),
      watchdog(memory.startedAt),
    ]
      .filter((finding) => config[finding.rule].enabled && isTellable(finding.labels["exporter"], carriers))
      .map((finding) => ({ ...finding, labels: { ...labels, ...finding.labels } }));
  }

  #paceOf(rule: RuleName): Pace {
    const { repeat_interval: repeatMs, keep_firing_for: keepMs, watchdog: beat } = this.#config;
    switch (rule) {
      case "exporter_failed":
      case "config_reload_failed":
        return { forMs: 0, keepMs: 0, repeatMs };
      case "queue_growing":
        return { forMs: 0, keepMs, repeatMs };
      case "watchdog":
        return { forMs: 0, keepMs: 0, repeatMs: beat.interval };
      default:
        return { forMs: this.#config[rule].for, keepMs, repeatMs };
    }
  }

  /** All changes of one moment are one batch. */
  #send(episodes: readonly Episode[], now: number): void {
    if (episodes.length === 0) return;
    const alerts = episodes.map((episode) => alertOf(episode, this.#config[episode.finding.rule].severity, this.#source));
    const settle = episodes.map((episode) => send(episode, now));
    this.#onTheirWay += 1;
    const settlement = createSettlement((outcome) => {
      this.#onTheirWay -= 1;
      const arrival = this.#arrivalOf(outcome);
      for (const each of settle) each(arrival, this.#context.clock.now());
      if (this.#onTheirWay === 0) for (const resolve of this.#settled.splice(0)) resolve();
    });
    this.#stream.next({ batch: encodeAlerts(alerts, now), settlement, context: { receivedAt: now, transport: "self_alerts" } });
  }

  #arrivalOf(outcome: Outcome): Arrival {
    if (outcome.kind === "refused") return { kind: "refused", retryAfterMs: outcome.error.retryAfterMs ?? 0 };
    // To send what was rejected for good again would only be rejected again.
    if (outcome.kind === "failed")
      this.#context.log.error("Alerts about the collector are lost.", { alerts: outcome.items, error: outcome.error.message });
    return { kind: "arrived" };
  }
}
