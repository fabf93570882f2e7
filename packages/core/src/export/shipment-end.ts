import type { Entry, Shipment } from "./queue-entry.ts";
import type { SendResult } from "./sender.ts";

/** Charges the end of a request to its batches: items that the far side rejected go to them in order. Gives those of which nothing is open any more. */
export function chargeEnd({ batch, shares }: Shipment, { kind, rejected, error }: SendResult): readonly Entry[] {
  let left = kind === "rejected" ? batch.itemCount : rejected;
  const ended: Entry[] = [];
  for (const { entry, items } of shares) {
    const lost = Math.min(left, items);
    left -= lost;
    entry.open -= 1;
    entry.lost += lost;
    entry.error ??= error;
    if (kind === "stopped" || (kind === "retries_exhausted" && entry.settlement !== undefined)) entry.isRefused = true;
    if (entry.open === 0) ended.push(entry);
  }
  return ended;
}
