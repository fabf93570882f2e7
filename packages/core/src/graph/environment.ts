import type { Meter } from "@opentelemetry/api";
import type { Clock, Random } from "../contract/clock.ts";
import type { Logger } from "../contract/logger.ts";
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
}
