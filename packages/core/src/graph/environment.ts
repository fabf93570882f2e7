import type { Meter } from "@opentelemetry/api";
import type { Clock, Random } from "../contract/clock.ts";
import type { Host } from "../contract/component.ts";
import type { Logger } from "../contract/logger.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { StateStore } from "./state-store.ts";

/** What a graph gets from the program that runs it. */
export interface GraphEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly meter: Meter;
  /** Makes the logger of one component. */
  readonly logger: (component: string) => Logger;
  /** Keep one store over several graphs to keep the memory of their nodes. */
  readonly states: StateStore;
  /** What extensions see as the running collector; what is left out is answered by this graph. */
  readonly host?: Partial<Host>;
  /** The other worker processes. With it, nodes that must see all of a trace or a series get it from everywhere. */
  readonly exchange?: Exchange;
  /** Shutdown waits for it between the receivers and the rest: until nobody sends to this graph any more. */
  readonly sendersStopped?: (deadline: AbortSignal) => Promise<void>;
}
