export { startTelemetry } from "./start-telemetry.ts";
export type { Telemetry, TelemetryOptions } from "./start-telemetry.ts";
export { withRoom } from "./room.ts";
export type { RoomContext } from "./room.ts";
