import cluster, { type Worker } from "node:cluster";
import { HandedConnections } from "./handed-connections.ts";
import type { FromWorker, StartWorker } from "./messages.ts";

/** How long what a worker said before its end may take to be read. */
const LAST_WORDS_MS = 100;

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
  /** Of the workers that listen. */
  const connections = new Map<Worker, HandedConnections>();
  return (events) => {
    const worker = cluster.fork();
    const handed = new HandedConnections(worker.process);
    let isGone = false;
    const gone = (): void => {
      if (isGone) return;
      isGone = true;
      connections.delete(worker);
      handed.moveTo([...connections].find(([other]) => other.isConnected())?.[1]);
    };
    worker.once("listening", () => connections.set(worker, handed));
    // `disconnect` comes when everything that the worker said has been read; not at all when it ended in the middle of a message.
    worker.once("disconnect", gone);
    worker.once("exit", () => setTimeout(gone, LAST_WORDS_MS));
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
