import { messageOf, type Clock, type DeadLetterReason, type Logger, type NewRecord, type Timer } from "@tidemark/core";
import type { Burial } from "../state/state-calls.ts";
import type { StateClient } from "../state/state-client.ts";
import type { FileLayer } from "../disk/file-layer.ts";
import type { Segment, SegmentMarks } from "./segment.ts";
import type { SpareFiles } from "./spare-files.ts";

const FLUSH_AFTER_MS = 20;
const RETRY_AFTER_MS = 2000;

/** A record on its way to the dead letters. */
export interface PendingBurial {
  /** Where its ids are marked; undefined where there is no such file any more. */
  readonly segment: Segment | undefined;
  readonly ids: readonly number[];
  readonly record: NewRecord;
  readonly reason: DeadLetterReason;
  /** Takes it out of the index, as soon as it is a dead letter. */
  readonly done: () => void;
}

interface WaitingBurial extends PendingBurial {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What books are kept with. */
export interface BooksEnvironment {
  readonly owner: string;
  readonly folder: string;
  readonly files: FileLayer;
  /** Where files go that are done with. */
  readonly spares: SpareFiles;
  readonly state: Pick<StateClient, "call">;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What the database has to know of one log: which records are done with, a moment later and many at a time; and dead letters, at
 * once. One thing after the other, because each writes the marks of a segment as a whole.
 */
export class Books {
  readonly #environment: BooksEnvironment;
  #segments: readonly Segment[] = [];
  #finished: Segment[] = [];
  /** Segments whose files are gone and whose marks are not. */
  #gone: number[];
  #buried: WaitingBurial[] = [];
  #burying = false;
  #timer: Timer | undefined;
  #chain: Promise<void> = Promise.resolve();
  #isClosed = false;
  #complained = false;

  constructor(gone: readonly number[], environment: BooksEnvironment) {
    this.#gone = [...gone];
    this.#environment = environment;
  }

  /** Something in `segments` has changed that the database should learn soon. */
  changed(segments: readonly Segment[]): void {
    this.#segments = segments;
    this.#flushLater(FLUSH_AFTER_MS);
  }

  /** All records of a segment are done with: its file goes. */
  finish(segment: Segment): void {
    this.#finished.push(segment);
    this.#flushLater(FLUSH_AFTER_MS);
  }

  /** Makes a dead letter of a record; on the disk, with the marks that end the record, when this resolves. */
  bury(burial: PendingBurial): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#buried.push({ ...burial, resolve, reject });
      if (this.#burying) return;
      this.#burying = true;
      this.#chain = this.#chain.then(() => this.#buryAll());
    });
  }

  /** Writes everything that the database does not know yet. */
  async close(segments: readonly Segment[]): Promise<void> {
    this.#segments = segments;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#chain = this.#chain
      .then(() => this.#flush())
      .then(() => this.#save([]))
      .then(() => undefined);
    await this.#chain;
  }

  #flushLater(delayMs: number): void {
    if (this.#isClosed) return;
    this.#timer ??= this.#environment.clock.setTimeout(() => {
      this.#chain = this.#chain.then(() => this.#flush());
    }, delayMs);
  }

  /** All that wait become letters in one transaction. */
  async #buryAll(): Promise<void> {
    this.#burying = false;
    const burials = this.#buried;
    this.#buried = [];
    const { owner, state, clock } = this.#environment;
    const letters = burials.map(({ record, reason }): Burial => ({ record: ownBytes(record), reason, buriedAt: clock.now() }));
    const segments = new Set(burials.flatMap(({ segment }) => segment ?? []));
    const marks = [...segments].map((segment) => segment.marks(burials.flatMap((each) => (each.segment === segment ? each.ids : []))));
    try {
      await state.call("bury", [owner, letters, marks], buffersOf(letters));
      for (const { done, resolve } of burials) {
        done();
        resolve();
      }
    } catch (error) {
      for (const { reject } of burials) reject(error);
    }
  }

  /**
   * Marks first, then the files of finished segments, then, at the next flush, their marks: a file that is gone while its marks
   * name records in it is reported as a loss, and a file without marks is sent again. So before a file goes its marks are on the disk,
   * where otherwise a power cut may take the last ones.
   */
  async #flush(): Promise<void> {
    this.#timer = undefined;
    const finished = [...this.#finished];
    const saved = await this.#save([...this.#segments.filter((segment) => segment.dirty), ...finished], finished.length > 0);
    // A disk that is full takes no marks: then only files that go make room for them.
    const deleted = await this.#deleteFiles(finished, saved);
    // Where files have gone before their marks were saved, there is room for these now; a start without them would tell of a loss.
    const hasMadeRoom = deleted && finished.length > 0;
    if (!deleted || (!saved && !hasMadeRoom)) this.#flushLater(RETRY_AFTER_MS);
    else if (!saved || this.#gone.length > 0) this.#flushLater(FLUSH_AFTER_MS);
  }

  async #save(segments: readonly Segment[], durable = false): Promise<boolean> {
    const { owner, state } = this.#environment;
    const marks: SegmentMarks[] = segments.map((segment) => segment.marks());
    for (const segment of segments) segment.dirty = false;
    const gone = [...this.#gone];
    if (marks.length === 0 && gone.length === 0) return true;
    try {
      await state.call("saveMarks", [owner, marks, gone, durable]);
      this.#gone = this.#gone.slice(gone.length);
      this.#complained = false;
      return true;
    } catch (error) {
      for (const segment of segments) segment.dirty = true;
      this.#complain(error);
      return false;
    }
  }

  async #deleteFiles(finished: readonly Segment[], isKept: boolean): Promise<boolean> {
    if (finished.length === 0) return true;
    const { files, folder, spares } = this.#environment;
    try {
      for (const segment of finished) await (isKept ? spares.retire(segment) : files.remove(segment.path));
      await files.syncDirectory(folder);
      await spares.settle();
    } catch (error) {
      this.#complain(error);
      return false;
    }
    this.#finished = this.#finished.slice(finished.length);
    this.#gone.push(...finished.map((segment) => segment.number));
    return true;
  }

  #complain(error: unknown): void {
    if (!this.#complained) {
      this.#environment.log.warn("Delivered records could not be marked as such; a restart would send them again. Trying again.", {
        owner: this.#environment.owner,
        error: messageOf(error),
      });
    }
    this.#complained = true;
  }
}

/** A copy whose memory can be given to another thread: the rest of the original's buffer may belong to others. */
function ownBytes(record: NewRecord): NewRecord {
  return { ...record, bytes: Uint8Array.from(record.bytes) };
}

function buffersOf(letters: readonly Burial[]): ArrayBuffer[] {
  return letters.map(({ record }) => record.bytes.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
