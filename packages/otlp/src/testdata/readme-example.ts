import { AttributeKey, openBatch } from "../index.ts";

const ROOM = new AttributeKey("room_id");

/** Tells how long each message to a room took, and hands on the spans of rooms without the address of their user. */
export function onlyRooms(received: Uint8Array, tell: (line: string) => void): Uint8Array {
  const batch = openBatch("traces", received);
  const kept = batch.filter((span) => span.attributes.has(ROOM));
  for (const spans = kept.items(); spans.next();) tell(`${spans.name} ${spans.attributes.getString(ROOM)} ${spans.durationMs} ms`);
  const edited = kept.edit({ item: (span) => span.attributes.delete("user.email") });
  return edited.encode();
}
