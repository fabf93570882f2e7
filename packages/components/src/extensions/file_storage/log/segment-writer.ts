import { join } from "node:path";
import type { NewRecord, Random } from "@tidemark/core";
import type { FileLayer, LogFile } from "../disk/file-layer.ts";
import { segmentName } from "./open-log.ts";
import { encodeEnd, encodeSegmentHeader, pushRecord, SEGMENT_HEADER_BYTES } from "./segment-format.ts";
import { Segment } from "./segment.ts";
import type { SpareFiles } from "./spare-files.ts";

/** Where and how segments are written. */
export interface WriterOptions {
  readonly files: FileLayer;
  readonly folder: string;
  readonly folderMode: number;
  /** A segment that has reached this size is followed by the next one. */
  readonly segmentBytes: number;
  readonly random: Random;
  readonly nextNumber: number;
  readonly spares: SpareFiles;
}

interface Active {
  readonly segment: Segment;
  readonly file: LogFile;
  /** The name of the file before its first group has been written. */
  readonly firstPath: string;
}

/** Makes a file end behind what of its segment was answered. */
async function endHere(file: LogFile, segment: Segment): Promise<void> {
  // The group has been written over the mark; without one, damage to the records in front of it would look like a group that nobody waits for.
  const end = encodeEnd({ salt: segment.salt, nextId: segment.nextId });
  const isMarked =
    segment.isReused &&
    (await file.write([end], segment.size).then(
      () => true,
      () => false,
    ));
  if (!isMarked) await file.truncate(segment.size);
}

/** Writes groups of records to the end of the newest segment. One group at a time. */
export class SegmentWriter {
  readonly #options: WriterOptions;
  #nextNumber: number;
  #active: Active | undefined;
  #folderExists = false;
  #isGone = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#nextNumber = options.nextNumber;
  }

  /** The segment that the next group may go to. */
  get active(): Segment | undefined {
    return this.#isGone ? undefined : this.#active?.segment;
  }

  /**
   * Writes a group with ids from `firstId` on; it is on the disk when this resolves with its segment. When it rejects nothing of the
   * group is in the index, and the next group begins a new segment: after a failed sync nobody knows what the file holds.
   */
  async write(group: readonly NewRecord[], firstId: number): Promise<Segment> {
    if (this.#isGone) await this.#dropGone();
    const last = this.#active?.segment;
    if (last !== undefined && last.size >= this.#options.segmentBytes) {
      last.isFilled = true;
      await this.seal();
    }
    const isNew = this.#active === undefined;
    const active = (this.#active ??= (await this.#reuse(firstId)) ?? (await this.#create(firstId)));
    const { segment, file } = active;
    const buffers: Uint8Array[] = isNew ? [encodeSegmentHeader(segment)] : [];
    const place = { salt: segment.salt, durableBelow: firstId };
    const sizes = group.map((record, index) => pushRecord(buffers, record, { ...place, id: firstId + index }));
    if (segment.isReused) buffers.push(encodeEnd({ salt: segment.salt, nextId: firstId + group.length }));
    try {
      await file.write(buffers, isNew ? 0 : segment.size);
      if (isNew) await this.#giveName(active);
      if (this.#isGone) throw new Error(`the file ${segment.path} was deleted`);
    } catch (error) {
      this.#active = undefined;
      await this.#abandon(active, isNew);
      throw error;
    }
    for (const [index, record] of group.entries()) {
      const bytes = sizes[index] ?? 0;
      segment.add(firstId + index, segment.size, bytes, record.items, record.bytes.length);
      segment.size += bytes;
    }
    return segment;
  }

  /** The file of the newest segment is gone: what is being written to it has not been stored, and the next group begins another. */
  forget(): void {
    this.#isGone = true;
  }

  /** Ends the newest segment; the next group begins another. */
  async seal(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.file.close();
  }

  async #dropGone(): Promise<void> {
    this.#isGone = false;
    this.#folderExists = false;
    await this.seal();
  }

  async #create(firstId: number): Promise<Active> {
    const { files, folder, folderMode, random } = this.#options;
    if (!this.#folderExists) await files.createDirectory(folder, folderMode);
    this.#folderExists = true;
    const number = this.#takeNumber();
    const path = join(folder, segmentName(number));
    const file = await files.create(path).catch((error: unknown) => {
      // Somebody may have deleted it.
      this.#folderExists = false;
      throw error;
    });
    const salt = Math.floor(random() * 2 ** 32);
    return { file, firstPath: path, segment: new Segment({ number, path, salt, firstId, size: SEGMENT_HEADER_BYTES }) };
  }

  /**
   * Begins a segment in a file that has been one before. It gets its name when its first group is in it, so that what it held is never
   * taken for records of the queue.
   */
  async #reuse(firstId: number): Promise<Active | undefined> {
    const { files, folder, spares } = this.#options;
    const spare = spares.take();
    if (spare === undefined) return undefined;
    try {
      const file = await files.reopen(spare.path);
      const number = this.#takeNumber();
      // None of the file's earlier salts: each was the one before it and one more.
      const salt = (spare.salt + 1) % 2 ** 32;
      const path = join(folder, segmentName(number));
      return {
        file,
        firstPath: spare.path,
        segment: new Segment({ number, path, salt, firstId, size: SEGMENT_HEADER_BYTES, isReused: true }),
      };
    } catch {
      await files.remove(spare.path).catch(() => undefined);
      return undefined;
    }
  }

  #takeNumber(): number {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    return number;
  }

  async #giveName({ segment, firstPath }: Active): Promise<void> {
    const { files, folder } = this.#options;
    if (firstPath !== segment.path) await files.rename(firstPath, segment.path);
    await files.syncDirectory(folder);
  }

  /** Takes back what a failed write may have left, as far as the disk lets us. What stays was never acknowledged. */
  async #abandon({ segment, file, firstPath }: Active, isNew: boolean): Promise<void> {
    try {
      try {
        if (!isNew) await endHere(file, segment);
      } finally {
        await file.close();
      }
      if (!isNew) return;
      await this.#options.files.remove(segment.path);
      await this.#options.files.remove(firstPath);
    } catch {
      // The caller is told of the write that failed; this comes of the same cause.
    }
  }
}
