import type { NodeChange, NodeRow } from "@tidemark/core";
import { recordingLogger, settlePromises, VirtualClock, type LoggedLine } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { NO_TOTALS, type LedgerTotals } from "../ledger-totals.ts";
import type { FromWorker, ToWorker, WorkerEvents } from "./messages.ts";
import { WorkerGroup } from "./worker-group.ts";

/** A process that does what the test says. */
interface FakeProcess {
  readonly got: ToWorker[];
  readonly events: WorkerEvents;
  killed: boolean;
}

interface Rig {
  readonly clock: VirtualClock;
  readonly group: WorkerGroup;
  readonly lines: LoggedLine[];
  /** All processes so far, in the order of their start. */
  readonly processes: FakeProcess[];
}

function rig(count = 2): Rig {
  const clock = new VirtualClock();
  const lines: LoggedLine[] = [];
  const processes: FakeProcess[] = [];
  const start = (events: WorkerEvents): { pid: number; send(message: ToWorker): void; kill(): void } => {
    const made: FakeProcess = { got: [], events, killed: false };
    processes.push(made);
    return {
      pid: 100 + processes.length,
      send: (message) => void made.got.push(message),
      kill: () => {
        made.killed = true;
        events.ended("SIGKILL");
      },
    };
  };
  const group = new WorkerGroup({ count, start, texts: {}, sockets: "sockets", clock, log: recordingLogger(lines) });
  return { clock, group, lines, processes };
}

const totals = (received: number, held = 0): LedgerTotals => ({ ...NO_TOTALS, received, delivered: received - held, held });
const NOTHING = { passed: 0, restored: 0, delivered: 0, refused: 0, failed: 0, deadLettered: 0, held: 0, stored: 0, missing: 0 };
const rows = (received: number, held: number): readonly NodeRow[] => [
  { ...NOTHING, key: "receiver/a", kind: "receiver", id: "a", received, passed: received, dropped: {}, lost: {} },
  { ...NOTHING, key: "exporter/a", kind: "exporter", id: "a", received, delivered: received - held, held, dropped: {}, lost: {} },
];
const report = (received: number, held = 0): FromWorker => ({
  type: "report",
  health: { ready: true, startedAt: 0, nodes: [{ node: "exporter/a", healthy: true }] },
  ledger: { nodes: rows(received, held), edges: [], violations: [] },
});

async function started(count = 2): Promise<Rig> {
  const made = rig(count);
  const ready = made.group.start();
  for (const { events } of made.processes) events.said({ type: "ready" });
  await ready;
  return made;
}

describe("WorkerGroup", () => {
  it("is ready when all workers are, and gives each its own slot", async () => {
    const { group, processes } = rig();
    const ready = group.start();
    expect(processes.map(({ got }) => got)).toEqual([
      [{ type: "begin", slot: { index: 0, count: 2 }, texts: {}, sockets: "sockets" }],
      [{ type: "begin", slot: { index: 1, count: 2 }, texts: {}, sockets: "sockets" }],
    ]);
    processes[0]?.events.said({ type: "ready" });
    expect(group.health()).toMatchObject({
      ready: false,
      nodes: [
        { node: "worker/0", healthy: true },
        { node: "worker/1", healthy: false },
      ],
    });
    processes[1]?.events.said({ type: "ready" });
    await ready;
    expect(group.health().ready).toBe(true);
  });

  it("does not start when one worker cannot, and says why", async () => {
    const { group, processes } = rig();
    const ready = group.start();
    processes[1]?.events.said({ type: "failed", message: "the port is in use" });
    processes[1]?.events.ended("exit code 1");
    await expect(ready).rejects.toThrow("the port is in use");
    expect(processes).toHaveLength(2);
  });

  it("shows the nodes of each worker, and one that has said nothing for long as unhealthy", async () => {
    const { group, processes, clock } = await started();
    processes[1]?.events.said({
      type: "report",
      health: { ready: true, startedAt: 0, nodes: [{ node: "exporter/a", healthy: false, reason: "stuck" }] },
      ledger: { nodes: [], edges: [], violations: [] },
    });
    expect(group.health().nodes).toContainEqual({ node: "worker/1/exporter/a", healthy: false, reason: "stuck" });
    await clock.advance(11_000);
    expect(group.health().nodes[0]).toEqual({ node: "worker/0", healthy: false, reason: "has said nothing for 11 s" });
  });

  it("replaces a worker at once when it dies, in the same slot; the second and third time with a pause", async () => {
    const { group, processes, clock, lines } = await started();
    processes[1]?.events.ended("SIGKILL");
    expect(group.health().nodes).toContainEqual({ node: "worker/1", healthy: false, reason: "ended by SIGKILL" });
    await clock.advance(0);
    expect(processes).toHaveLength(3);
    expect(processes[2]?.got[0]).toMatchObject({ slot: { index: 1, count: 2 } });
    processes[2]?.events.said({ type: "ready" });
    expect(group.health().nodes.every(({ healthy }) => healthy)).toBe(true);
    for (const pauseMs of [100, 200]) {
      processes.at(-1)?.events.ended("exit code 1");
      const before = processes.length;
      await clock.advance(pauseMs - 1);
      expect(processes).toHaveLength(before);
      await clock.advance(1);
      expect(processes).toHaveLength(before + 1);
      processes.at(-1)?.events.said({ type: "ready" });
    }
    // A steady worker has its early deaths forgiven.
    await clock.advance(30_000);
    processes.at(-1)?.events.ended("exit code 1");
    await clock.advance(0);
    expect(processes).toHaveLength(6);
    expect(lines.filter(({ level }) => level === "error").map(({ fields }) => fields["pause_ms"])).toEqual([0, 100, 200, 0]);
  });

  it("adds the books of all up, those of dead processes too; what these held, their clients have", async () => {
    const { group, processes, clock } = await started();
    processes[0]?.events.said(report(100));
    processes[1]?.events.said(report(50, 20));
    expect(group.totals()).toMatchObject({ received: 150, held: 20 });
    processes[1]?.events.ended("SIGKILL");
    await clock.advance(0);
    processes[2]?.events.said(report(7));
    expect(group.totals()).toMatchObject({ received: 157, held: 0 });
  });

  it("tells the workers that nobody sends any more when the receivers of all have stopped", async () => {
    const { group, processes } = await started();
    const stopped = group.shutdown(5000);
    expect(processes.map(({ got }) => got.at(-1))).toEqual([
      { type: "stop", deadlineMs: 5000 },
      { type: "stop", deadlineMs: 5000 },
    ]);
    processes[0]?.events.said({ type: "receivers_stopped" });
    expect(processes[0]?.got.at(-1)).toMatchObject({ type: "stop" });
    processes[1]?.events.said({ type: "receivers_stopped" });
    expect(processes.map(({ got }) => got.at(-1))).toEqual([{ type: "senders_stopped" }, { type: "senders_stopped" }]);
    for (const { events } of processes) {
      events.said({ type: "stopped", totals: totals(10, 3) });
      events.ended("exit code 0");
    }
    await stopped;
    expect(group.totals()).toMatchObject({ received: 20, held: 6 });
    expect(processes).toHaveLength(2);
  });

  it("hurries its workers, and kills what does not end", async () => {
    const { group, processes, clock } = await started();
    const hurry = new AbortController();
    let isDone = false;
    void group.shutdown(60_000, hurry.signal).then(() => (isDone = true));
    hurry.abort();
    expect(processes[0]?.got.at(-1)).toEqual({ type: "hurry" });
    processes[0]?.events.ended("exit code 1");
    await clock.advance(4999);
    expect(isDone).toBe(false);
    await clock.advance(1);
    await settlePromises();
    expect({ isDone, killed: processes.map(({ killed }) => killed) }).toEqual({ isDone: true, killed: [false, true] });
  });

  it("gives the metrics of all workers, without waiting long for one that is silent", async () => {
    const { group, processes, clock } = await started();
    const asked = group.metrics();
    const scopes = [{ scope: { name: "a" }, metrics: [] }];
    processes[0]?.events.said({ type: "metrics", id: 0, scopes });
    await clock.advance(2000);
    expect(await asked).toEqual([[], scopes, []]);
  });

  it("adds the books of its workers up", async () => {
    const { group, processes } = await started();
    processes[0]?.events.said(report(5, 2));
    processes[1]?.events.said(report(7, 1));
    expect(group.ledger().nodes).toMatchObject([
      { key: "receiver/a", received: 12 },
      { key: "exporter/a", received: 12, delivered: 9, held: 3 },
    ]);
  });

  describe("a reload", () => {
    const NODES: readonly NodeChange[] = [{ node: "processor/batch@traces", change: "rebuilt", state: "none" }];
    const asked = ({ got }: FakeProcess): Extract<ToWorker, { type: "reload" }> | undefined =>
      got.findLast((message) => message.type === "reload");
    const answer = async (process: FakeProcess | undefined, error?: string): Promise<void> => {
      const id = process === undefined ? -1 : (asked(process)?.id ?? -1);
      process?.events.said({ type: "reloaded", id, nodes: NODES, ...(error === undefined ? {} : { error }) });
      await settlePromises();
    };

    it("goes from one worker to the next, and to those that take the place of dead ones", async () => {
      const { group, processes, clock } = await started();
      const reloaded = group.reload({ "a.yaml": "new" });
      expect(processes.map((process) => asked(process)?.texts)).toEqual([{ "a.yaml": "new" }, undefined]);
      await answer(processes[0]);
      expect(asked(processes[1]!)?.texts).toEqual({ "a.yaml": "new" });
      processes[1]?.events.ended("SIGKILL");
      expect(await reloaded).toEqual(NODES);
      await clock.advance(0);
      expect(processes[2]?.got[0]).toMatchObject({ type: "begin", texts: { "a.yaml": "new" } });
    });

    it("is told to all workers when it has ended, and to those that come later", async () => {
      const { group, processes, clock } = await started();
      const lastReload = { result: "failed" as const, message: "no", at: 5 };
      group.tellReload(lastReload);
      expect(processes.map(({ got }) => got.at(-1))).toEqual(processes.map(() => ({ type: "last_reload", lastReload })));
      processes[1]?.events.ended("SIGKILL");
      await clock.advance(0);
      expect(processes[2]?.got[0]).toMatchObject({ type: "begin", lastReload });
    });

    it("is taken back where it was when one worker cannot follow", async () => {
      const { group, processes } = await started();
      const reloaded = group.reload({ "a.yaml": "new" });
      const failed = expect(reloaded).rejects.toThrow("worker 1: the port is in use");
      await answer(processes[0]);
      await answer(processes[1], "the port is in use");
      expect(asked(processes[0]!)?.texts).toEqual({});
      await answer(processes[0]);
      await failed;
    });

    it("does not wait for ever for an answer", async () => {
      const { group, clock } = await started();
      const failed = expect(group.reload({})).rejects.toThrow("worker 0: it did not answer in time");
      await clock.advance(30_000);
      await failed;
    });
  });
});
