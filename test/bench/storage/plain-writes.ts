import { closeSync, fdatasyncSync, openSync, rmSync, unlinkSync, writevSync } from "node:fs";
import { join } from "node:path";

const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * The most that a disk can do: a loop without promises that writes the records of all appenders, syncs, and begins again. Gives records
 * per second; the folder, which is its own, goes.
 */
export function plainWrites(
  directory: string,
  { bytes, appenders, forMs }: { readonly bytes: number; readonly appenders: number; readonly forMs: number },
): number {
  const group = Array.from({ length: appenders }, () => new Uint8Array(bytes).fill(7));
  let file = 0;
  let descriptor = openSync(join(directory, "0"), "w");
  let at = 0;
  let records = 0;
  const started = performance.now();
  while (performance.now() - started < forMs) {
    if (at >= SEGMENT_BYTES) {
      closeSync(descriptor);
      unlinkSync(join(directory, String(file)));
      file += 1;
      descriptor = openSync(join(directory, String(file)), "w");
      at = 0;
    }
    writevSync(descriptor, group, at);
    fdatasyncSync(descriptor);
    at += bytes * appenders;
    records += appenders;
  }
  const perSecond = records / ((performance.now() - started) / 1000);
  closeSync(descriptor);
  rmSync(directory, { recursive: true });
  return perSecond;
}
