import cluster, { type Worker } from "node:cluster";
import { HandedConnections } from "./handed-connections.ts";
import type { FromWorker, StartWorker } from "./messages.ts";

/** Whether this process is a worker that a supervisor started. */
export function isWorkerProcess(): boolean {
  return cluster.isWorker;
}

/**
 * Starts workers as copies of this program, with the same arguments and Node options, among them the size of the young generation.
 * The listening sockets stay with the supervisor, which hands connections out in turn; one that a dying worker has not taken yet
 * goes to another.
 */
export function clusterWorkers(): StartWorker {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  // Structured clone: metrics hold values that JSON has no form for.
  cluster.setupPrimary({ serialization: "advanced" });
  /** Of the workers that listen on all ports. */
  const connections = new Map<Worker, HandedConnections>();
  return (events) => {
    const worker = cluster.fork();
    const handed = new HandedConnections(worker.process);
    const gone = (): void => {
      connections.delete(worker);
      handed.moveTo([...connections].find(([other]) => other.isConnected())?.[1]);
    };
    // Comes when everything that the worker said has been read.
    worker.once("disconnect", gone);
    worker.on("message", (message: FromWorker) => {
      if (message.type === "ready") connections.set(worker, handed);
      events.said(message);
    });
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
