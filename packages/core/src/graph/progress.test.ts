import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import type { SendContext } from "../contract/component.ts";
import { healthStatus, type HealthStatus, type NodeHealth } from "../contract/health.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { fakeSink, fakeSource } from "../testing/fake-components.ts";
import { testDelivery, testEnvironment } from "../testing/test-context.ts";
import { settlePromises, VirtualClock } from "../testing/virtual-clock.ts";
import { buildGraph } from "./graph.ts";

interface Rig {
  readonly clock: VirtualClock;
  push(items?: number): void;
  health(): NodeHealth;
  status(): HealthStatus;
  advance(seconds: number): Promise<void>;
}

/** A graph with one exporter in it; `config` is what the graph puts around it. */
async function rig(send: (batch: Batch, context: SendContext) => Promise<void> | void, config: object): Promise<Rig> {
  const clock = new VirtualClock();
  const source = fakeSource();
  const sink = fakeSink(send);
  const graph = buildGraph(
    {
      receivers: [{ id: "source", definition: source.definition, config: {} }],
      processors: [],
      connectors: [],
      extensions: [],
      exporters: [{ id: "sink", definition: sink.definition, config }],
      pipelines: [{ id: "traces", signal: "traces", receivers: ["source"], processors: [], exporters: ["sink"] }],
    },
    testEnvironment({ clock }),
  );
  await graph.start();
  const health = (): NodeHealth => graph.health().nodes.find(({ node }) => node === "exporter/sink")!;
  return {
    clock,
    push: (items = 1) => source.push(testDelivery(traces({ spans: Array.from({ length: items }, () => ({ name: "op" })) }))),
    health,
    status: () => healthStatus(health(), clock.now()),
    advance: (seconds) => clock.advance(seconds * 1000),
  };
}

const queued = (retry: object = {}, queue: object = {}): object => ({
  sending_queue: queueField.parse({ num_consumers: 1, ...queue }),
  retry_on_failure: retryField.parse({ randomization_factor: 0, max_elapsed_time: "0s", ...retry }),
});
const down = (): never => {
  throw PipelineError.unavailable("connection refused");
};

describe("the queue of an exporter in the health report", () => {
  it("is as full as the tightest of its limits", async () => {
    const { push, health } = await rig(() => new Promise(() => undefined), queued({}, { queue_size: 8, max_bytes: 1_000_000 }));
    push();
    push();
    expect(health().queue).toEqual({ used: 2, capacity: 8, share: 0.25 });
    const tight = await rig(() => new Promise(() => undefined), queued({}, { max_bytes: 2000 }));
    for (let batch = 0; batch < 3; batch++) tight.push(5);
    expect(tight.health().queue).toMatchObject({ capacity: 1000 });
    expect(tight.health().queue?.share).toBeGreaterThan(0.2);
  });
});

describe("progress as health", () => {
  it("is up while the sink takes data, and when there is none", async () => {
    const { push, status, advance } = await rig(() => undefined, queued());
    expect(status()).toBe("UP");
    for (let second = 0; second < 100; second++) {
      push();
      await advance(1);
    }
    expect(status()).toBe("UP");
    await advance(1000);
    expect(status()).toBe("UP");
  });

  it("calls a sink that hangs degraded first, then down, and up again when it answers", async () => {
    const answers: (() => void)[] = [];
    const { push, status, health, advance } = await rig(() => new Promise((resolve) => answers.push(resolve)), queued());
    push(5);
    await advance(9);
    expect(status()).toBe("UP");
    await advance(2);
    expect(status()).toBe("DEGRADED");
    expect(health()).toMatchObject({ healthy: true, reason: expect.stringMatching(/^holds 5 items and has moved none for 1\d s$/) });
    expect(health().trouble).toMatchObject({ code: "no_progress" });
    await advance(51);
    expect(status()).toBe("DOWN");
    expect(health().healthy).toBe(false);
    answers.shift()?.();
    await advance(1);
    expect(status()).toBe("UP");
    expect(health()).toEqual({ node: "exporter/sink", healthy: true, queue: { used: 0, capacity: 1000, share: 0 } });
  });

  it("speaks of the moment when it is asked, as the books do", async () => {
    const { push, health, advance } = await rig(() => new Promise(() => {}), queued());
    push(5);
    await advance(11);
    push(3);
    expect(health().reason).toMatch(/^holds 8 items /);
  });

  it("calls a sink that fails degraded first, then down, whatever the queue gives back or gives up", async () => {
    let isBack = false;
    const { push, status, health, advance } = await rig(
      () => (isBack ? undefined : down()),
      queued({ circuit_breaker: { enabled: false }, max_elapsed_time: "30s" }, { queue_size: 2 }),
    );
    for (let second = 0; second <= 70; second++) {
      push();
      if (second === 12) expect(status()).toBe("DEGRADED");
      await advance(1);
    }
    expect(status()).toBe("DOWN");
    expect(health().trouble).toMatchObject({ code: "sends_fail" });
    expect(health().reason).toMatch(/^holds 2 items and has moved none for \d+ s: connection refused$/);
    isBack = true;
    await advance(40);
    expect(status()).toBe("UP");
  });

  it("calls an open circuit breaker degraded at once, and down when data has waited for it long enough", async () => {
    let isBack = false;
    const { push, status, health, advance } = await rig(
      () => (isBack ? undefined : down()),
      queued({ initial_interval: "100ms" }, { num_consumers: 3 }),
    );
    for (let count = 0; count < 3; count++) push();
    await advance(1);
    expect(status()).toBe("DEGRADED");
    expect(health().trouble).toMatchObject({ code: "circuit_breaker_open" });
    await advance(61);
    expect(status()).toBe("DOWN");
    expect(health().reason).toMatch(/^holds 3 items and has moved none for \d+ s; the circuit breaker is open: connection refused$/);
    isBack = true;
    await advance(40);
    expect(status()).toBe("UP");
  });

  it("calls a sink that says no to everything degraded, not down: the data moves, into the books as failed", async () => {
    const { push, status, health, advance } = await rig(() => {
      throw PipelineError.invalid("unknown tenant");
    }, queued());
    for (let second = 0; second < 100; second++) {
      push();
      await advance(1);
    }
    expect(status()).toBe("DEGRADED");
    expect(health().trouble).toMatchObject({ code: "data_rejected" });
    expect(health().reason).toMatch(/^no send has succeeded for \d+ s: unknown tenant$/);
  });

  it("calls nothing down that holds no data: nobody could see it come back", async () => {
    const { push, status, advance } = await rig(down, {});
    push();
    await settlePromises();
    await advance(600);
    expect(status()).toBe("DEGRADED");
  });

  it("counts time as it is told", () => {
    const trouble = { code: "no_progress", since: 1000, stalledSince: 1000 } as const;
    const node: NodeHealth = { node: "exporter/a", healthy: true, trouble };
    const policy = { degradedAfterMs: 100, downAfterMs: 200 };
    expect([1099, 1100, 1199, 1200].map((now) => healthStatus(node, now, policy))).toEqual(["UP", "DEGRADED", "DEGRADED", "DOWN"]);
    expect(healthStatus({ node: "worker/1", healthy: false }, 0, policy)).toBe("DOWN");
  });
});
