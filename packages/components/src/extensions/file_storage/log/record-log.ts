import { basename, dirname } from "node:path";
import {
  messageOf,
  PipelineError,
  type Clock,
  type DeadLetterReason,
  type Logger,
  type NewRecord,
  type StoredRecord,
  type StoredTotals,
} from "@tidemark/core";
import type { Space } from "../disk/space.ts";
import { storageError } from "../disk/storage-error.ts";
import type { Books } from "./books.ts";
import type { FileLayer } from "../disk/file-layer.ts";
import type { FoundLog } from "./open-log.ts";
import { readPlaces, type DamagedRecord } from "./read-places.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import type { RecordPlace, Segment } from "./segment.ts";
import type { SpareFiles } from "./spare-files.ts";

// One write should neither keep the next group waiting for long nor need more buffers than one system call takes (1024).
const MOST_GROUP_RECORDS = 256;
const MOST_GROUP_BYTES = 8 * 1024 * 1024;
/** After a failed write: those who come in the meantime are refused without trying the disk. */
const PAUSE_AFTER_FAILURE_MS = 200;

/** What a log needs from outside. */
export interface LogEnvironment {
  readonly files: FileLayer;
  readonly directory: string;
  readonly space: Space;
  readonly clock: Clock;
  readonly log: Logger;
  /** A record could not be read. */
  readonly damaged: (records: number) => void;
}

/** What a log is made of. */
export interface LogParts {
  readonly writer: SegmentWriter;
  readonly books: Books;
  readonly spares: SpareFiles;
}

interface Waiting {
  readonly record: NewRecord;
  readonly resolve: (id: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The records of one owner: what is appended while a group is being written goes into the next group, so that one sync serves all
 * who wait. Segments whose records are all done with are deleted as a whole.
 */
export class RecordLog {
  readonly #environment: LogEnvironment;
  readonly #writer: SegmentWriter;
  readonly #books: Books;
  readonly #spares: SpareFiles;
  readonly #segments: Segment[];
  readonly #totals: { records: number; items: number; bytes: number };
  #nextId: number;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #closed = false;
  #failure: { readonly error: PipelineError; readonly until: number } | undefined;

  constructor(found: FoundLog, parts: LogParts, environment: LogEnvironment) {
    this.#environment = environment;
    this.#writer = parts.writer;
    this.#books = parts.books;
    this.#spares = parts.spares;
    environment.space.lenders.add(parts.spares);
    this.#segments = [...found.segments];
    this.#totals = found.totals;
    this.#nextId = found.nextId;
  }

  get totals(): StoredTotals {
    return { ...this.#totals };
  }

  append(record: NewRecord): Promise<number> {
    const { space, clock, directory } = this.#environment;
    if (this.#closed) return Promise.reject(PipelineError.unavailable(`the storage in ${directory} is closing`));
    if (this.#failure !== undefined && clock.now() < this.#failure.until) return Promise.reject(this.#failure.error);
    try {
      space.take(record.bytes.length);
    } catch (error) {
      this.#giveRoomBack();
      return Promise.reject(PipelineError.from(error));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  async read(after: number, count: number, mostBytes: number = Number.POSITIVE_INFINITY): Promise<readonly StoredRecord[]> {
    const { files, directory } = this.#environment;
    const records: StoredRecord[] = [];
    let room = mostBytes;
    for (let from = after + 1; records.length < count && (room > 0 || records.length === 0);) {
      const places = this.#nextPlaces(from, { count: count - records.length, room, isFirst: records.length === 0 });
      const last = places.at(-1);
      if (last === undefined) break;
      from = last.id + 1;
      for (const { bytes } of places) room -= bytes;
      try {
        for (const each of await readPlaces(files, places)) {
          if ("record" in each) records.push(each.record);
          // A record that was removed while it was being read may have been written over.
          else if (isLive(each.place)) await this.#putAside(each);
        }
      } catch (error) {
        // Records that were removed while they were being read are not missed.
        if (last.segment.live > 0) throw storageError(error, directory);
      }
    }
    return records;
  }

  remove(ids: readonly number[]): Promise<void> {
    let segment: Segment | undefined;
    let end = 0;
    for (const id of ids) {
      if (segment === undefined || id < segment.firstId || id >= end) {
        segment = this.#segmentOf(id);
        end = this.#endOf(segment);
      }
      if (segment !== undefined) this.#forget(segment, id);
    }
    return Promise.resolve();
  }

  async bury(id: number, reason: DeadLetterReason): Promise<void> {
    const place = this.#segmentOf(id)?.place(id);
    if (place === undefined) return;
    const { files, directory } = this.#environment;
    try {
      const [found] = await readPlaces(files, [place]);
      if (found === undefined) return;
      if (!isLive(place)) return;
      if ("remains" in found) await this.#putAside(found);
      else await this.#buryRecord(place, found.record, reason);
    } catch (error) {
      throw storageError(error, directory);
    }
  }

  /** Waits for what is being written, and leaves the folder without files when nothing waits. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#committing;
    const { active } = this.#writer;
    await this.#writer.seal().catch(() => undefined);
    if (active !== undefined) this.#finishIfEmpty(active);
    this.#environment.space.lenders.delete(this.#spares);
    await this.#spares.close();
    await this.#books.close(this.#segments);
  }

  /** Looks whether somebody has deleted files that are in use: to write on would store what nobody finds again. */
  async checkFiles(): Promise<void> {
    const { files } = this.#environment;
    const known = [...this.#segments];
    if (known.length === 0) return;
    const names = new Set(await files.list(dirname(known[0]?.path ?? "")));
    for (const segment of known) {
      if (!names.has(basename(segment.path)) && this.#segments.includes(segment)) await this.#lose(segment);
    }
  }

  async #lose(segment: Segment): Promise<void> {
    const { log, clock, damaged } = this.#environment;
    if (segment === this.#writer.active) this.#writer.forget();
    const ids = segment.liveIds();
    const done = (): void => {
      for (const id of ids) this.#forget(segment, id);
      this.#finishIfEmpty(segment);
    };
    if (ids.length === 0) return done();
    damaged(ids.length);
    log.error("A file of a stored queue was deleted while it was in use. Its records are lost.", {
      file: segment.path,
      records: ids.length,
    });
    const items = ids.reduce((sum, id) => sum + segment.itemsOf(id), 0);
    const record: NewRecord = { signal: "traces", items, bytes: Buffer.alloc(0), receivedAt: clock.now(), transport: "" };
    const message = `${ids.length} records (ids ${ids[0]} to ${ids.at(-1)}) are lost: the file ${basename(segment.path)} was deleted`;
    await this.#books
      .bury({ segment, ids, record, reason: { reason: "corrupt", message, attempts: 0 }, done: () => {} })
      .catch(() => undefined);
    done();
  }

  /** Where there is no room for more, the newest segment is not written either: it ends, so that its file can go. */
  #giveRoomBack(): void {
    const { active } = this.#writer;
    if (active === undefined || this.#committing !== undefined || active.live === active.count) return;
    void this.#writer.seal().catch(() => undefined);
    this.#finishIfEmpty(active);
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All who append in the same turn of the event loop share a write, also those who come again when they were answered.
      await new Promise((resolve) => void setImmediate(resolve));
      await this.#commit(this.#nextGroup());
    }
    this.#committing = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const { space, clock, directory } = this.#environment;
    const firstId = this.#nextId;
    const before = this.#writer.active;
    // Ids of a group that fails are not given out again: its bytes may have reached the disk all the same.
    this.#nextId += group.length;
    try {
      const segment = await this.#writer.write(
        group.map(({ record }) => record),
        firstId,
      );
      if (segment !== before) this.#segments.push(segment);
      if (before !== undefined) this.#finishIfEmpty(before);
      this.#failure = undefined;
      this.#books.changed(this.#segments);
    } catch (caught) {
      if (before !== undefined) this.#finishIfEmpty(before);
      const error = storageError(caught, directory);
      if (error.code === "resource_exhausted") {
        space.callIn();
        space.full(error.message);
      }
      this.#failure = { error, until: clock.now() + PAUSE_AFTER_FAILURE_MS };
      for (const { record, reject } of group) {
        space.queuedBytes -= record.bytes.length;
        reject(error);
      }
      return;
    }
    for (const [index, { record, resolve }] of group.entries()) {
      this.#totals.records += 1;
      this.#totals.items += record.items;
      this.#totals.bytes += record.bytes.length;
      resolve(firstId + index);
    }
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      if (count > 0 && (count === MOST_GROUP_RECORDS || bytes + record.bytes.length > MOST_GROUP_BYTES)) break;
      bytes += record.bytes.length;
      count += 1;
    }
    const group = count === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, count);
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count);
    return group;
  }

  /** Live records from the id `from` on, all of one segment and of at most `room` bytes; the first may be larger. */
  #nextPlaces(from: number, most: { readonly count: number; readonly room: number; readonly isFirst: boolean }): RecordPlace[] {
    for (const segment of this.#segments) {
      if (segment.nextId <= from || segment.live === 0) continue;
      const places: RecordPlace[] = [];
      let { room } = most;
      for (let index = segment.indexFrom(from); index < segment.count && places.length < most.count; index += 1) {
        const place = segment.placeAt(index);
        if (place === undefined) continue;
        room -= place.bytes;
        if (room < 0 && !(most.isFirst && places.length === 0)) return places;
        places.push(place);
      }
      if (places.length > 0) return places;
    }
    return [];
  }

  /** Ids from here on are of other segments: one that was noted as lost behind the last record of a file may be the first of the next. */
  #endOf(segment: Segment | undefined): number {
    const next = segment === undefined ? undefined : this.#segments[this.#segments.indexOf(segment) + 1];
    return Math.min(segment?.nextId ?? 0, next?.firstId ?? Number.POSITIVE_INFINITY);
  }

  #segmentOf(id: number): Segment | undefined {
    return this.#segments.findLast((segment) => segment.firstId <= id && id < segment.nextId);
  }

  #forget(segment: Segment, id: number): void {
    const gone = segment.remove(id);
    if (gone === undefined) return;
    this.#totals.records -= 1;
    this.#totals.items -= gone.items;
    this.#totals.bytes -= gone.bytes;
    this.#environment.space.queuedBytes -= gone.bytes;
    this.#finishIfEmpty(segment);
    this.#books.changed(this.#segments);
  }

  #finishIfEmpty(segment: Segment): void {
    const index = segment.live === 0 && segment !== this.#writer.active ? this.#segments.indexOf(segment) : -1;
    if (index === -1) return;
    this.#segments.splice(index, 1);
    this.#books.finish(segment);
  }

  #buryRecord(place: RecordPlace, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    const { segment, id } = place;
    const done = (): void => {
      this.#environment.space.letterBytes += record.bytes.length;
      this.#forget(segment, id);
    };
    return this.#books.bury({ segment, ids: [id], record, reason, done });
  }

  /** Reports a record that has been damaged since it was written, and puts what is left of it among the dead letters. */
  async #putAside({ place, remains, signal }: DamagedRecord): Promise<void> {
    const { log, clock, damaged } = this.#environment;
    damaged(1);
    const message = `the record ${place.id} cannot be read: its checksum is wrong`;
    log.error("A stored record is damaged. Putting what is left of it among the dead letters.", { file: place.segment.path, id: place.id });
    const record: NewRecord = { signal, items: place.segment.itemsOf(place.id), bytes: remains, receivedAt: clock.now(), transport: "" };
    try {
      await this.#buryRecord(place, record, { reason: "corrupt", message, attempts: 0 });
    } catch (error) {
      log.warn("A damaged record could not be put among the dead letters; it stays where it is.", { error: messageOf(error) });
    }
  }
}

function isLive({ segment, id }: RecordPlace): boolean {
  return segment.place(id) !== undefined;
}
