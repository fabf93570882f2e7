import { renderText } from "@tidemark/alerting";
import { DELIVERED, PipelineError, type TroubleCode } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import { filled, Network, rig, troubled } from "./testing/rig.ts";

/** Two diagnostics, as `tidemark validate` prints them. */
const REJECTED = `a.yaml:2:11  CFG_WRONG_TYPE  "s3cr3t" is not a number
  2 | password: s3cr3t
    |           ^^^^^^
  fix: write a number

a.yaml:3:1  CFG_UNKNOWN_FIELD  unknown key "x"
  3 | x: 1
    | ^
  fix: take it out
`;
const REFUSED = { kind: "refused", error: PipelineError.unavailable("no room") } as const;

describe("an exporter that gives items up", () => {
  it("is one alert within half a second, whatever the number of batches, and resolved after it has been quiet", async () => {
    const { fail, advance, told, alerts } = await rig();
    fail("otlp_http", "retries_exhausted", 100);
    await advance(0.5);
    expect(told()).toEqual(["firing ExporterFailed"]);
    expect(alerts[0]).toMatchObject({
      severity: "critical",
      labels: { "service.name": "tidemark", exporter: "otlp_http" },
      annotations: { reason_code: "retries_exhausted" },
      summary: "Exporter otlp_http could not deliver 100 items and has given them up (100 retries_exhausted).",
      value: 100,
    });
    for (let second = 0; second < 600; second++) {
      fail("otlp_http", "retries_exhausted", 10);
      await advance(1);
    }
    expect(told()).toEqual([]);
    await advance(299);
    expect(told()).toEqual([]);
    await advance(2);
    expect(told()).toEqual(["resolved ExporterFailed"]);
    expect(alerts[1]).toMatchObject({ fingerprint: alerts[0]?.fingerprint, startsAt: alerts[0]?.startsAt, value: 6100 });
    fail("otlp_http", "rejected");
    await advance(1);
    expect(told()).toEqual(["firing ExporterFailed"]);
  });

  it("is told apart from other exporters, and from what went to the dead letters", async () => {
    const { fail, advance, alerts } = await rig();
    fail("a", "rejected", 2);
    fail("b", "dead_lettered", 3);
    await advance(1);
    expect(alerts.map(({ labels, annotations, summary }) => [labels["exporter"], annotations["reason_code"], summary])).toEqual([
      ["a", "rejected", "Exporter a could not deliver 2 items and has given them up (2 rejected)."],
      ["b", "dead_lettered", "Exporter b could not deliver 3 items and has put them among the dead letters (3 dead_lettered)."],
    ]);
  });

  it("is not told of what happened before the receiver came with a reload", async () => {
    const first = await rig({ yaml: { exporter_failed: { enabled: false } } });
    first.fail("otlp_http", "rejected", 5);
    await first.advance(1);
    first.states.forget("receiver/self_alerts/baseline");
    first.states.forget("receiver/self_alerts/memory");
    await first.reload({});
    await first.advance(1);
    expect(first.told()).toEqual([]);
    first.fail("otlp_http", "rejected", 1);
    await first.advance(1);
    expect(first.alerts.map(({ value }) => value)).toEqual([1]);
  });

  it("says what the far side said", async () => {
    const { fail, advance, world, alerts } = await rig();
    fail("otlp_http", "retries_exhausted");
    world.nodes = [troubled("exporter/otlp_http", "sends_fail", 0, "no send has succeeded for 3 s: connection refused")];
    await advance(0.5);
    expect(alerts[0]?.annotations["error"]).toBe("no send has succeeded for 3 s: connection refused");
  });
});

describe("a queue", () => {
  it("that bursts and empties itself is no alert", async () => {
    const { world, advance, told } = await rig();
    for (let burst = 0; burst < 20; burst++) {
      world.nodes = [filled("otlp_http", 0.9)];
      await advance(9);
      world.nodes = [filled("otlp_http", 0.1)];
      await advance(1);
    }
    expect(told()).toEqual([]);
  });

  it("that stays at the same level is no alert", async () => {
    const { world, advance, told } = await rig();
    for (let second = 0; second < 300; second++) {
      world.nodes = [filled("otlp_http", 0.6 + (second % 2) * 0.01)];
      await advance(1);
    }
    expect(told()).toEqual([]);
  });

  it("that grows is an alert, until it is below the other line for a while", async () => {
    const { world, advance, told, alerts } = await rig({ yaml: { keep_firing_for: "5s" } });
    for (let share = 0.4; share < 0.8; share += 0.01) {
      world.nodes = [filled("otlp_http", share)];
      await advance(1);
    }
    expect(told()).toEqual(["firing QueueGrowing"]);
    expect(alerts[0]).toMatchObject({ threshold: 0.5, annotations: { reason_code: "queue_growing" }, labels: { exporter: "otlp_http" } });
    for (const share of [0.6, 0.4, 0.26, 0.5, 0.3]) {
      world.nodes = [filled("otlp_http", share)];
      await advance(10);
    }
    expect(told()).toEqual([]);
    world.nodes = [filled("otlp_http", 0.24)];
    await advance(6);
    expect(told()).toEqual(["resolved QueueGrowing"]);
  });

  it("that is full at once is an alert after the time span", async () => {
    const { world, advance, told, alerts } = await rig();
    world.nodes = [filled("otlp_http", 1)];
    await advance(10);
    expect(told()).toEqual([]);
    await advance(1);
    expect(told()).toEqual(["firing QueueGrowing"]);
    expect(alerts[0]?.annotations["reason_code"]).toBe("queue_full");
  });
});

describe("what the health report says", () => {
  it("is told when it has lasted, once, and not by two names", async () => {
    const { world, advance, told, context } = await rig({ yaml: { keep_firing_for: "0s" } });
    world.nodes = [troubled("exporter/otlp_http", "circuit_breaker_open", context.clock.now())];
    await advance(59);
    expect(told()).toEqual([]);
    await advance(2);
    expect(told()).toEqual(["firing CircuitBreakerOpen"]);
    await advance(600);
    expect(told()).toEqual([]);
    world.nodes = [];
    await advance(1);
    expect(told()).toEqual(["resolved CircuitBreakerOpen"]);
  });

  it("does not flap when trouble goes for a moment", async () => {
    const { world, advance, told, context } = await rig();
    for (let round = 0; round < 10; round++) {
      world.nodes = [troubled("extension/file_storage", "storage_full", context.clock.now())];
      await advance(5);
      world.nodes = [];
      await advance(20);
    }
    expect(told()).toEqual(["firing StorageFull"]);
    await advance(40);
    expect(told()).toEqual(["resolved StorageFull"]);
  });

  it("is no alert while retries may still get data through, nor when what is rejected is given up", async () => {
    const { world, advance, told, context } = await rig();
    const rejected = { node: "exporter/b", healthy: true, reason: "400", trouble: { code: "data_rejected", since: 0 } } as const;
    world.nodes = [troubled("exporter/a", "sends_fail", context.clock.now()), rejected];
    await advance(59);
    expect(told()).toEqual([]);
    world.nodes = [rejected];
    await advance(600);
    expect(told()).toEqual([]);
    world.nodes = [troubled("exporter/a", "sends_fail", context.clock.now() - 60_000)];
    await advance(1);
    expect(told()).toEqual(["firing SendsFail"]);
  });

  it("reads well, whatever it is", async () => {
    const { world, advance, alerts, context, fail } = await rig({ yaml: { watchdog: { enabled: true }, labels: { cluster: "eu-1" } } });
    const at = context.clock.now();
    const codes: readonly (readonly [string, TroubleCode])[] = [
      ["exporter/otlp_http", "circuit_breaker_open"],
      ["exporter/otlp_grpc", "sends_fail"],
      ["processor/batch@traces", "no_progress"],
      ["extension/file_storage", "storage_full"],
      ["extension/file_storage", "storage_unavailable"],
      ["extension/file_storage", "records_damaged"],
      ["extension/file_storage", "dead_letters_present"],
      ["processor/memory_limiter@traces", "memory_limited"],
      ["ledger", "books_unbalanced"],
    ];
    world.nodes = [
      ...codes.map(([node, code]) => troubled(node, code, at, `the ${code} reason`)),
      { node: "receiver/otlp", healthy: false, reason: "it threw" },
      filled("otlp_http/full", 1),
    ];
    world.lastReload = { result: "failed", message: REJECTED, at };
    fail("otlp_http", "rejected", 3);
    await advance(901);
    const texts = alerts
      .filter(({ name }, index) => alerts.findIndex((alert) => alert.name === name) === index)
      .map((alert) => renderText(alert));
    await expect(`${texts.join("\n\n")}\n`).toMatchFileSnapshot("testdata/alerts.txt");
  });
});

describe("a reload", () => {
  it("that is rejected is an alert, until the next good one", async () => {
    const { world, advance, told, alerts, context } = await rig();
    world.lastReload = { result: "failed", message: REJECTED, at: context.clock.now() };
    await advance(0.5);
    expect(told()).toEqual(["firing ConfigReloadFailed"]);
    expect(alerts[0]?.annotations).toMatchObject({
      reason_code: "config_reload_failed",
      error: "a.yaml:2:11 CFG_WRONG_TYPE; a.yaml:3:1 CFG_UNKNOWN_FIELD",
    });
    expect(JSON.stringify(alerts[0]?.annotations) + alerts[0]?.summary).not.toContain("s3cr3t");
    world.lastReload = { ...world.lastReload, message: "cannot listen on 127.0.0.1:4318: in use\nmore lines", at: context.clock.now() };
    await advance(60);
    expect(told()).toEqual([]);
    world.lastReload = { result: "unchanged", message: "The pipelines have not changed.", at: context.clock.now() };
    await advance(0.5);
    expect(told()).toEqual(["resolved ConfigReloadFailed"]);
  });

  it("of the receiver itself tells nothing twice, and forgets nothing", async () => {
    const { fail, advance, told, reload } = await rig();
    fail("otlp_http", "rejected");
    await advance(1);
    expect(told()).toEqual(["firing ExporterFailed"]);
    await reload({ interval: "1s" });
    await advance(100);
    expect(told()).toEqual([]);
    await advance(210);
    expect(told()).toEqual(["resolved ExporterFailed"]);
  });

  it("while an alert is on its way tells it once", async () => {
    const self = await rig();
    self.outcome = "later";
    self.fail("otlp_http", "rejected");
    await self.advance(1);
    const stopped = self.reload({ interval: "1s" });
    await self.advance(10);
    self.open[0]?.settlement.settle(DELIVERED);
    await stopped;
    await self.advance(10);
    expect(self.told()).toEqual(["firing ExporterFailed"]);
  });
});

describe("the watchdog", () => {
  it("is off, and else comes each interval for ever", async () => {
    const off = await rig();
    await off.advance(3600);
    expect(off.told()).toEqual([]);
    const { advance, told, alerts } = await rig({ yaml: { watchdog: { enabled: true, interval: "30s" } } });
    await advance(60.5);
    expect(told()).toEqual(Array<string>(3).fill("firing Watchdog"));
    expect(new Set(alerts.map(({ fingerprint, startsAt }) => `${fingerprint} ${startsAt}`)).size).toBe(1);
  });
});

describe("alerts that are refused", () => {
  it("are offered again with growing pauses, in their newest state", async () => {
    const self = await rig();
    self.outcome = REFUSED;
    self.fail("otlp_http", "rejected");
    await self.advance(20);
    expect(self.told().length).toBe(5); // after 0.5, 1.5, 3.5, 7.5 and 15.5 s
    self.outcome = DELIVERED;
    await self.advance(60);
    expect(self.told()).toEqual(["firing ExporterFailed"]);
  });

  it("and over before anybody took them are never told", async () => {
    const self = await rig();
    self.outcome = REFUSED;
    self.world.lastReload = { result: "failed", message: "no", at: 0 };
    await self.advance(1);
    self.world.lastReload = { result: "reloaded", message: "yes", at: 0 };
    self.told();
    self.outcome = DELIVERED;
    await self.advance(600);
    expect(self.told()).toEqual([]);
  });

  it("for good are logged, and not sent again", async () => {
    const self = await rig();
    self.outcome = { kind: "failed", error: PipelineError.invalid("no alerts here"), items: 1 };
    self.fail("otlp_http", "rejected");
    await self.advance(200);
    expect(self.told()).toEqual(["firing ExporterFailed"]);
    expect(self.context.lines).toEqual([
      { level: "error", message: "Alerts about the collector are lost.", fields: { alerts: 1, error: "no alerts here" } },
    ]);
  });

  it("are told again after repeat_interval", async () => {
    const { advance, told, world } = await rig({ yaml: { repeat_interval: "1h" } });
    world.lastReload = { result: "failed", message: "no", at: 0 };
    await advance(3 * 3600 + 1);
    expect(told()).toEqual(Array<string>(4).fill("firing ConfigReloadFailed"));
  });
});

describe("the channel of the alerts itself", () => {
  it("raises nothing about itself when it is the only one", async () => {
    const { fail, advance, told, world } = await rig();
    fail("webhook", "retries_exhausted");
    world.nodes = [troubled("exporter/webhook", "circuit_breaker_open", 0), filled("webhook", 1)];
    await advance(600);
    expect(told()).toEqual([]);
  });

  it("is watched by way of another one, without a loop", async () => {
    const self = await rig();
    self.world.pipelines = [
      { id: "logs/self", receivers: ["self_alerts"], processors: [], exporters: ["forward"] },
      { id: "logs/out", receivers: ["forward"], processors: [], exporters: ["webhook", "wecom"] },
    ];
    self.fail("webhook", "retries_exhausted");
    await self.advance(1);
    expect(self.told()).toEqual(["firing ExporterFailed"]);
    // The alert about it fails as well, and so does each later one.
    for (let hour = 0; hour < 3; hour++) {
      self.fail("webhook", "retries_exhausted");
      await self.advance(3600);
    }
    expect(self.told()).toEqual([]);
    self.deliver("webhook");
    await self.advance(301);
    expect(self.told()).toEqual(["resolved ExporterFailed"]);
  });
});

describe("with several workers", () => {
  const two = async () => {
    const network = new Network();
    const first = await rig({ worker: { index: 0, count: 2 }, peers: network.peersOf(0) });
    const second = await rig({ worker: { index: 1, count: 2 }, peers: network.peersOf(1), clock: first.context.clock });
    return { network, first, second };
  };

  it("one cause is one alert, by the first of them", async () => {
    const { first, second } = await two();
    for (const worker of [first, second]) {
      worker.fail("otlp_http", "retries_exhausted", 5);
      worker.world.nodes = [
        troubled("exporter/otlp_http", "circuit_breaker_open", worker.context.clock.now() - 40_000),
        filled("otlp_http/b", worker === first ? 0.1 : 1),
      ];
    }
    await first.advance(30);
    expect(second.told()).toEqual([]);
    expect(first.told().toSorted()).toEqual(["firing CircuitBreakerOpen", "firing ExporterFailed", "firing QueueGrowing"]);
    expect(first.alerts.map(({ name, annotations }) => `${name} ${annotations["workers"]}`).toSorted()).toEqual([
      "CircuitBreakerOpen 0, 1",
      "ExporterFailed 0",
      "QueueGrowing 1",
    ]);
    await first.advance(300);
    expect(first.alerts.at(-1)).toMatchObject({ name: "ExporterFailed", status: "resolved", value: 10, annotations: { workers: "0, 1" } });
  });

  it("what fails in another worker only is told within a second", async () => {
    const { first, second } = await two();
    await first.advance(3.1);
    second.fail("otlp_http", "rejected", 7);
    await first.advance(1);
    expect(first.alerts.map(({ name, value, annotations }) => [name, value, annotations["workers"]])).toEqual([["ExporterFailed", 7, "1"]]);
  });

  it("a worker that takes another's place begins to count anew, and nothing is told twice", async () => {
    const { network, first, second } = await two();
    second.fail("otlp_http", "rejected", 7);
    await first.advance(2);
    expect(first.told()).toEqual(["firing ExporterFailed"]);
    const third = await rig({ worker: { index: 1, count: 2 }, peers: network.peersOf(1), clock: first.context.clock });
    await first.advance(2);
    third.fail("otlp_http", "rejected", 2);
    await first.advance(310);
    expect(first.told()).toEqual(["resolved ExporterFailed"]);
    expect(first.alerts.at(-1)?.value).toBe(9);
  });

  it("who comes in the place of the first goes on where that one has stopped", async () => {
    const { network, first } = await two();
    first.fail("otlp_http", "rejected", 7);
    await first.advance(2);
    expect(first.told()).toEqual(["firing ExporterFailed"]);
    await first.stop();
    const next = await rig({ worker: { index: 0, count: 2 }, peers: network.peersOf(0), clock: first.context.clock });
    await first.advance(60);
    expect(next.told()).toEqual([]);
    await first.advance(260);
    expect(next.told()).toEqual(["resolved ExporterFailed"]);
    expect(next.alerts[0]?.startsAt).toBe(first.alerts[0]?.startsAt);
  });
});
