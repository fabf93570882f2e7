import { messageOf } from "../contract/message-of.ts";
import type { Clock } from "../contract/clock.ts";
import type { Receiver, Extension } from "../contract/component.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { Renewable } from "./graph-parts.ts";
import { startOne } from "./start-one.ts";
import { stopOne } from "./stop-one.ts";

const FIRST_PAUSE_MS = 2;
/** How long an endpoint may take to become free after who had it was asked to leave. */
const PATIENCE_MS = 5000;

type Owner = Renewable<Receiver | Extension>;

/**
 * Starts what listens on an endpoint while the graph before it still runs. Who has the endpoint now leaves it first: nobody listens
 * there for a moment, and what has come in already is still answered.
 */
export class Takeover {
  readonly #leaving: readonly Owner[];
  readonly #environment: GraphEnvironment;
  readonly #deadline: AbortSignal;
  /** Who has left, and when all of it has ended. */
  readonly #left = new Map<Owner, Promise<void>>();

  constructor(leaving: readonly Owner[], environment: GraphEnvironment, deadline: AbortSignal) {
    this.#leaving = leaving;
    this.#environment = environment;
    this.#deadline = deadline;
  }

  async start(fresh: Owner): Promise<void> {
    const rivals = this.#leaving.filter((owner) => !this.#left.has(owner) && haveSamePort(owner.config, fresh.config));
    for (const rival of rivals) this.#left.set(rival, rival.stop(this.#deadline, this.#environment));
    await startPatiently(fresh, Promise.all(this.#left.values()), this.#environment);
  }

  /** The new graph cannot be: who left listens again. */
  async undo(): Promise<void> {
    for (const [owner, ended] of this.#left) {
      try {
        owner.renew();
        await startPatiently(owner, ended, this.#environment);
      } catch (caught) {
        const error = messageOf(caught);
        this.#environment.logger(owner.key).error("The endpoint could not be taken back. Restart the collector.", { error });
      }
    }
  }
}

/** Whether two configurations name the same port, or the same Unix socket, under a key `endpoint`. A URL is asked, and takes no port. */
export function haveSamePort(a: unknown, b: unknown): boolean {
  const ports = new Set(portsIn(a));
  return portsIn(b).some((port) => ports.has(port));
}

function portsIn(config: unknown): string[] {
  if (typeof config !== "object" || config === null) return [];
  return Object.entries(config).flatMap(([key, value]: [string, unknown]) => {
    if (key !== "endpoint" || typeof value !== "string") return portsIn(value);
    if (/^https?:\/\//i.test(value)) return [];
    const port = value.slice(value.lastIndexOf(":") + 1);
    return port === "0" ? [] : [port];
  });
}

/** Tries again while the endpoint is in use, until those who had it have `left`: then somebody else has it. */
async function startPatiently(fresh: Owner, left: Promise<unknown>, environment: GraphEnvironment): Promise<void> {
  const { clock } = environment;
  const giveUpAt = clock.now() + PATIENCE_MS;
  let hasLeft = false;
  void left.then(() => (hasLeft = true));
  for (let pauseMs = FIRST_PAUSE_MS, isLast = false; ; pauseMs *= 2) {
    try {
      return await startOne(fresh);
    } catch (caught) {
      if (isLast || !isInUse(caught) || clock.now() + pauseMs > giveUpAt) throw caught;
      isLast = hasLeft;
      await stopOne(fresh, AbortSignal.abort(), environment);
      fresh.renew();
      await pause(clock, pauseMs);
    }
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

function isInUse(caught: unknown): boolean {
  for (let error = caught; error instanceof Error; error = error.cause) if ("code" in error && error.code === "EADDRINUSE") return true;
  return false;
}
