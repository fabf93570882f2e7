import type { Context } from "@opentelemetry/api";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";
import { roomAttributes } from "./room.ts";

/** Copies the allowed baggage (`room_id`, `user_agent`) onto each span when it starts. */
export function roomSpanProcessor(): SpanProcessor {
  return {
    onStart: (span: Span, parent: Context): void => {
      span.setAttributes(roomAttributes(parent));
    },
    onEnd: () => {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
