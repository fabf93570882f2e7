import type { GrpcConfig } from "./grpc-fields.ts";
import type { Intake } from "./intake.ts";

/** A call whose stream is open. */
export interface OpenCall {
  readonly startedAt: number;
  /** Ends what has lasted since `oldest`. */
  expire(oldest: number): void;
}

/** What every exchange of one server shares. */
export interface GrpcParts {
  readonly config: GrpcConfig;
  readonly maxMessageBytes: number;
  readonly intake: Intake;
  /** Calls whose stream is open, oldest first. */
  readonly open: Set<OpenCall>;
  readonly now: () => number;
}
