import cluster, { type Worker } from "node:cluster";
import type { FromWorker, StartWorker } from "./messages.ts";

/** Whether this process is a worker that a supervisor started. */
export function isWorkerProcess(): boolean {
  return cluster.isWorker;
}

/**
 * Starts workers as copies of this program, with the same arguments and Node options, among them the size of the young generation.
 * The listening sockets stay with the supervisor, which hands connections out in turn: a worker that dies takes none with it that
 * still wait.
 */
export function clusterWorkers(): StartWorker {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  // Structured clone: metrics hold values that JSON has no form for.
  cluster.setupPrimary({ serialization: "advanced" });
  return (events) => {
    const worker = cluster.fork();
    worker.on("message", (message: FromWorker) => events.said(message));
    // A message that cannot be sent any more: its exit follows.
    worker.on("error", () => {});
    worker.once("exit", (code: number, signal: string | null) => events.ended(reasonOf(code, signal)));
    return {
      pid: worker.process.pid,
      send: (message) => {
        if (worker.isConnected()) worker.send(message);
      },
      kill: () => kill(worker),
    };
  };
}

function kill(worker: Worker): void {
  worker.process.kill("SIGKILL");
}

function reasonOf(code: number, signal: string | null): string {
  if (signal === "SIGABRT") return "SIGABRT; Node aborts so when memory runs out";
  return signal ?? `exit code ${code}`;
}
