import type { Door } from "./door.ts";
import type { GrpcConfig } from "./grpc-fields.ts";
import type { Intake } from "./intake.ts";
import type { OpenCalls } from "./open-calls.ts";

/** What every exchange of one server shares. */
export interface GrpcParts {
  readonly config: GrpcConfig;
  readonly maxMessageBytes: number;
  readonly intake: Intake;
  readonly open: OpenCalls;
  /** Undefined: everybody comes in. Set at start, when the extensions are there. */
  door: Door | undefined;
  readonly now: () => number;
}
