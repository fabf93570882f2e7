import type { ChildProcess, SendHandle } from "node:child_process";

/** What node:cluster sends with a connection, and what the worker answers when it has taken it (lib/internal/cluster in Node). */
interface ClusterMessage {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
}

interface HandedConnection {
  readonly message: ClusterMessage;
  readonly connection: SendHandle;
}

/**
 * The connections that node:cluster has handed to a worker and that the worker has not taken yet. Node leaves those of a worker that
 * dies open for ever, with nobody who reads them: clients that reconnect at the moment of a crash would wait in vain. They must
 * go to another worker instead.
 */
export class HandedConnections {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<unknown, HandedConnection>();

  /** Watches from now on what is sent to the worker `process`. */
  constructor(process: ChildProcess) {
    this.#process = process;
    const send = process.send.bind(process) as (...parameters: unknown[]) => boolean;
    const watched = (message: ClusterMessage, connection?: SendHandle | null, ...more: unknown[]): boolean => {
      if (message.cmd === "NODE_CLUSTER" && message.act === "newconn" && connection !== undefined && connection !== null)
        this.#waiting.set(message.seq, { message, connection });
      return send(message, connection, ...more);
    };
    process.send = watched as typeof process.send;
    // Node tells of the lost line a little later, or never when the worker died in the middle of a message; until then it would
    // hand connections to nobody.
    const disconnect = process.disconnect.bind(process);
    process.disconnect = () => {
      disconnect();
      process.emit("disconnect");
    };
    process.on("internalMessage", (message: ClusterMessage) => {
      if (message.ack !== undefined) this.#waiting.delete(message.ack);
    });
  }

  /** When the worker is gone: gives what it has not taken to `other`, as if it had been meant for it; without one they are closed. */
  moveTo(other: HandedConnections | undefined): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { message, connection } of all) {
      if (other === undefined) (connection as { close?: () => void }).close?.();
      else other.#process.send(message, connection);
    }
  }
}
