import { PipelineError, type Clock } from "@tidemark/core";
import type { FileLayer } from "./file-layer.ts";
import { FULL_RETRY_MS } from "./storage-error.ts";

const LOOK_AGAIN_MS = 1000;

/** With room for so many times as much on the disk, something can be kept that is not needed. */
const PLENTY = 8;

/** Who keeps files that are not needed. */
export interface RoomLender {
  /** Deletes them. */
  drop(): Promise<void>;
}

/** How much room there is. */
export interface SpaceLimits {
  /** Most bytes of payloads in queues and dead letters. */
  readonly maxBytes: number;
  /** What the file system must have left. */
  readonly minFreeBytes: number;
}

/** The room that all queues and the dead letters of one directory share. */
export class Space {
  /** Payloads of records that wait in queues, and of those about to be dead letters. */
  queuedBytes = 0;
  /** Payloads of dead letters. */
  letterBytes = 0;
  /** Why nothing can be stored now, in words. */
  closed: string | undefined;
  /** Is told, in words, each time that there was no room. */
  full: (message: string) => void = () => {};
  /** Are asked for what they keep when the disk is full. */
  readonly lenders: Set<RoomLender> = new Set();
  #limits: SpaceLimits;
  readonly #files: FileLayer;
  readonly #directory: string;
  readonly #clock: Clock;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #free = Number.POSITIVE_INFINITY;
  #looking = false;
  #refusedBytes = 0;

  constructor(limits: SpaceLimits, disk: { readonly files: FileLayer; readonly directory: string; readonly clock: Clock }) {
    this.#limits = limits;
    this.#files = disk.files;
    this.#directory = disk.directory;
    this.#clock = disk.clock;
  }

  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /** Other limits, from a configuration that was loaded again. */
  limit(limits: SpaceLimits): void {
    this.#limits = limits;
  }

  /**
   * Takes room for one record.
   * @throws PipelineError `resource_exhausted`, retryable, when there is none; or permanent when there never will be.
   */
  take(bytes: number): void {
    const { maxBytes } = this.#limits;
    if (this.closed !== undefined) throw PipelineError.unavailable(this.closed, FULL_RETRY_MS);
    if (bytes > maxBytes) {
      throw new PipelineError(`a record of ${bytes} bytes can never be stored: max_bytes of the storage is ${maxBytes}`, {
        code: "resource_exhausted",
        retryable: false,
      });
    }
    const shortage = this.#shortageFor(bytes);
    if (shortage !== undefined) {
      this.#refusedBytes = bytes;
      this.full(shortage);
      throw PipelineError.exhausted(shortage, FULL_RETRY_MS);
    }
    this.#free -= bytes;
    this.queuedBytes += bytes;
  }

  /** Why a record would be refused that is as large as the last one that was; undefined when there is room for it again. */
  shortage(): string | undefined {
    const message = this.#refusedBytes === 0 ? undefined : this.#shortageFor(this.#refusedBytes);
    if (message === undefined) this.#refusedBytes = 0;
    return message;
  }

  /** Why nothing at all can be stored; undefined when there is room. It counts as a record that was refused. */
  noRoom(): string | undefined {
    const message = this.#shortageFor(1);
    if (message !== undefined) this.#refusedBytes = Math.max(1, this.#refusedBytes);
    return message;
  }

  /** Whether the disk has so much room that `bytes` can be kept although they are not needed. */
  hasPlenty(bytes: number): boolean {
    return this.#free - PLENTY * bytes >= this.#limits.minFreeBytes;
  }

  /** The disk is full: what is kept and not needed goes. */
  callIn(): void {
    for (const lender of this.lenders) void lender.drop();
  }

  /** Looks at the disk now, and not only at the next record. */
  async measure(): Promise<void> {
    this.#lookedAt = this.#clock.now();
    this.#looking = true;
    try {
      this.#free = await this.#files.freeBytes(this.#directory);
    } catch {
      // What is wrong with the disk is told by the next write.
      this.#free = Number.POSITIVE_INFINITY;
    } finally {
      this.#looking = false;
    }
  }

  #shortageFor(bytes: number): string | undefined {
    const { maxBytes, minFreeBytes } = this.#limits;
    if (this.queuedBytes + this.letterBytes + bytes > maxBytes) return this.#spent();
    this.#look();
    if (this.#free - bytes >= minFreeBytes) return undefined;
    this.callIn();
    return `the disk of ${this.#directory} has ${this.#free} bytes left, and min_free_bytes keeps ${minFreeBytes} of them free: free some space`;
  }

  #look(): void {
    if (!this.#looking && this.#clock.now() - this.#lookedAt >= LOOK_AGAIN_MS) void this.measure();
  }

  #spent(): string {
    const letters =
      this.letterBytes === 0 ? "" : `, ${this.letterBytes} of them dead letters, which can be replayed or dropped ("tidemark dlq")`;
    return `the storage in ${this.#directory} is full: ${this.queuedBytes + this.letterBytes} of max_bytes ${this.#limits.maxBytes} are used${letters}`;
  }
}
