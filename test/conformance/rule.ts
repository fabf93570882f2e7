import type { Transport } from "../lib/otlp-client.ts";
import type { Cell } from "./cell.ts";

export const TRANSPORTS: readonly Transport[] = ["grpc", "http/1.1", "http/2"];
export const HTTP: readonly Transport[] = ["http/1.1", "http/2"];
export const GRPC: readonly Transport[] = ["grpc"];
/** What exporters speak. HTTP/2 under OTLP/HTTP is optional for clients and not offered. */
export const CLIENTS: readonly Transport[] = ["grpc", "http/1.1"];

/** One rule of the OTLP specification, or of the Collector where the specification leaves it open. */
export interface Rule {
  /** Section of the specification; `Collector` for what its users rely on. */
  readonly section: string;
  /** What is demanded, with the specification's word: MUST, SHOULD, MAY. */
  readonly rule: string;
  readonly side: "server" | "client";
  /** How it is tested, in short. */
  readonly how: string;
  /** Where it applies; none: it is not offered, or nothing can be observed, and `how` says why. */
  readonly transports: readonly Transport[];
  /** Tested with these signals; all three unless the test is about bytes alone and slow. */
  readonly signals?: readonly ("traces" | "metrics" | "logs")[];
  /** Set where signals would disturb each other: they are then tested one after the other. */
  readonly alone?: boolean;
  /** Throws an error that says what was expected and what came. Absent where `transports` is empty. */
  readonly check?: (cell: Cell) => Promise<void>;
}
