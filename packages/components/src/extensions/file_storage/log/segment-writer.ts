import { join } from "node:path";
import type { NewRecord, Random } from "@tidemark/core";
import type { FileLayer, LogFile } from "../disk/file-layer.ts";
import { segmentName } from "./open-log.ts";
import { encodeSegmentHeader, pushRecord, SEGMENT_HEADER_BYTES } from "./segment-format.ts";
import { Segment } from "./segment.ts";

/** Where and how segments are written. */
export interface WriterOptions {
  readonly files: FileLayer;
  readonly folder: string;
  readonly folderMode: number;
  /** A segment that has reached this size is followed by the next one. */
  readonly segmentBytes: number;
  readonly random: Random;
  readonly nextNumber: number;
}

interface Active {
  readonly segment: Segment;
  readonly file: LogFile;
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
    if (this.#active !== undefined && this.#active.segment.size >= this.#options.segmentBytes) await this.seal();
    const isNew = this.#active === undefined;
    const active = (this.#active ??= await this.#create(firstId));
    const { segment, file } = active;
    const buffers: Uint8Array[] = isNew ? [encodeSegmentHeader(segment)] : [];
    const place = { salt: segment.salt, durableBelow: firstId };
    const sizes = group.map((record, index) => pushRecord(buffers, record, { ...place, id: firstId + index }));
    try {
      await file.write(buffers, isNew ? 0 : segment.size);
      if (isNew) await this.#options.files.syncDirectory(this.#options.folder);
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
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const path = join(folder, segmentName(number));
    const file = await files.create(path).catch((error: unknown) => {
      // Somebody may have deleted it.
      this.#folderExists = false;
      throw error;
    });
    const salt = Math.floor(random() * 2 ** 32);
    return { file, segment: new Segment({ number, path, salt, firstId, size: SEGMENT_HEADER_BYTES }) };
  }

  /** Takes back what a failed write may have left, as far as the disk lets us. What stays was never acknowledged. */
  async #abandon({ segment, file }: Active, isNew: boolean): Promise<void> {
    try {
      try {
        if (!isNew) await file.truncate(segment.size);
      } finally {
        await file.close();
      }
      if (isNew) await this.#options.files.remove(segment.path);
    } catch {
      // The caller is told of the write that failed; this comes of the same cause.
    }
  }
}
