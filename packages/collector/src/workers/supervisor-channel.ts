import cluster from "node:cluster";
import type { FromWorker, ToWorker } from "./messages.ts";

/** A worker's line to its supervisor. */
export interface SupervisorChannel {
  /** The first message. */
  readonly begin: Promise<Extract<ToWorker, { type: "begin" }>>;
  onMessage(listener: (message: ToWorker) => void): void;
  /** The supervisor is gone. */
  onLost(listener: () => void): void;
  /** Resolves when the message is on its way, or cannot be any more. */
  send(message: FromWorker): Promise<void>;
}

/** The line of this process, which must be a worker. */
export function supervisorChannel(): SupervisorChannel {
  const listeners: ((message: ToWorker) => void)[] = [];
  const { promise, resolve } = Promise.withResolvers<Extract<ToWorker, { type: "begin" }>>();
  process.on("message", (message: ToWorker) => {
    if (message.type === "begin") resolve(message);
    for (const listener of listeners) listener(message);
  });
  // Without this Node ends a worker at the moment when its supervisor dies; ours lets flow out what it holds.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  return {
    begin: promise,
    onMessage: (listener) => void listeners.push(listener),
    onLost: (listener) => {
      process.once("disconnect", listener);
      if (!process.connected) listener();
    },
    send: (message) =>
      new Promise((done) => {
        if (process.send === undefined || !process.connected) return done();
        process.send(message, () => done());
      }),
  };
}
