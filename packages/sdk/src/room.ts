import { context, propagation, trace } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";

/** Baggage entries that are copied onto spans and exemplars. Other baggage stays where it is: it may hold anything. */
export const ROOM_KEYS = ["room_id", "user_agent"] as const;

// A client chooses its user agent, and baggage travels in a header to every service behind this one.
const MAX_VALUE_LENGTH = 256;

/** Where something happens: the chat room, and the client software through which it was asked for. */
export interface RoomContext {
  readonly roomId: string;
  readonly userAgent?: string;
}

/**
 * Calls `fn` in the context of a room. `room_id` and `user_agent` go into the baggage (and with it to the services that
 * `fn` calls), onto the active span, onto every span started inside, and into the exemplars of metrics recorded inside.
 * Values are cut at 256 characters. Returns what `fn` returns; errors and rejections pass through.
 */
export function withRoom<T>(room: RoomContext, fn: () => T): T {
  const values = { room_id: room.roomId, user_agent: room.userAgent };
  const active = context.active();
  let baggage = propagation.getBaggage(active) ?? propagation.createBaggage();
  const span = trace.getSpan(active);
  for (const key of ROOM_KEYS) {
    const value = values[key]?.slice(0, MAX_VALUE_LENGTH);
    // An outer room's user agent does not belong to an inner room that names none.
    baggage = value === undefined ? baggage.removeEntry(key) : baggage.setEntry(key, { value });
    if (value !== undefined) span?.setAttribute(key, value);
  }
  return context.with(propagation.setBaggage(active, baggage), fn);
}

/** The allowed baggage of a context: what `withRoom`, here or in the calling service, put there. */
export function roomAttributes(from: Context): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  const baggage = propagation.getBaggage(from);
  if (baggage === undefined) return attributes;
  for (const key of ROOM_KEYS) {
    const entry = baggage.getEntry(key);
    if (entry !== undefined) attributes[key] = entry.value.slice(0, MAX_VALUE_LENGTH);
  }
  return attributes;
}
