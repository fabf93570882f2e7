import { encodeEnd, encodeSegmentHeader, pushRecord, SEGMENT_HEADER_BYTES } from "../log/segment-format.ts";
import { record } from "./storage-kit.ts";

/** Sizes of the records of each group. */
export type Groups = readonly (readonly number[])[];

/** What became of a file. */
export interface Life {
  /** The file after each of its writes, the first state is that before all of them. */
  readonly states: readonly Buffer[];
  /** What each write wrote, and where. */
  readonly writes: readonly { readonly at: number; readonly bytes: Buffer }[];
  /** Where each record ends. */
  readonly ends: readonly number[];
  /** Id behind each group. */
  readonly nextIds: readonly number[];
}

/** Writes groups into a file that holds something already, as the writer does. */
export function live(before: Buffer, groups: Groups, from: { readonly salt: number; readonly firstId: number }): Life {
  const { salt, firstId } = from;
  const states = [before];
  const writes: { at: number; bytes: Buffer }[] = [];
  const ends: number[] = [];
  const nextIds: number[] = [];
  let size = SEGMENT_HEADER_BYTES;
  let id = firstId;
  for (const sizes of groups) {
    const isFirst = id === firstId;
    const buffers: Uint8Array[] = isFirst ? [encodeSegmentHeader({ salt, firstId, isReused: true })] : [];
    const at = isFirst ? 0 : size;
    const durableBelow = id;
    for (const bytes of sizes) {
      size += pushRecord(buffers, record(id, bytes), { id, salt, durableBelow });
      ends.push(size);
      id += 1;
    }
    buffers.push(encodeEnd({ salt, nextId: id }));
    const written = Buffer.concat(buffers);
    writes.push({ at, bytes: written });
    states.push(overlaid(states.at(-1) ?? before, at, written));
    nextIds.push(id);
  }
  return { states, writes, ends, nextIds };
}

/** A file in which `bytes` have been written at `at`. */
export function overlaid(file: Buffer, at: number, bytes: Uint8Array): Buffer {
  const result = Buffer.alloc(Math.max(file.length, at + bytes.length));
  file.copy(result);
  result.set(bytes, at);
  return result;
}
