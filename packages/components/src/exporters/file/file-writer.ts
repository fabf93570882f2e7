import { messageOf, PipelineError, type Clock, type Logger, type Timer } from "@tidemark/core";
import { backupPath, removeOldBackups } from "./backups.ts";
import type { FileConfig } from "./config.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";

const MIB = 1024 * 1024;
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: (error?: PipelineError) => void;
}

function openProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "its directory does not exist; create the directory, or choose another path";
  if (code === "EISDIR") return "it is a directory; name a file in it";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return "writing is not allowed there; give the collector's user the right, or choose another path";
  return `${messageOf(error)}; choose another path`;
}

/** What a writer needs from outside. */
export interface FileWriterSettings {
  readonly config: FileConfig;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Appends to one file, one group of messages after the other: what arrives during a write goes into the next one, so that an
 * fsync serves many. A group is in the file whole or not at all: after an error the file is cut back to where it was.
 */
export class FileWriter {
  #file: OpenFile | undefined;
  #size = 0;
  /** Something was written, or is about to be: what the file held before has been counted or cut. */
  #begun = false;
  /** The file may hold a torn group behind `#size`. */
  #torn = false;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #unsynced = false;
  #syncTimer: Timer | undefined;
  readonly #settings: FileWriterSettings;

  constructor(settings: FileWriterSettings) {
    this.#settings = settings;
  }

  /** Changes nothing in the file: a collector that cannot start after all, because another one runs, must not empty its file. */
  async open(): Promise<void> {
    const { config, files } = this.#settings;
    this.#file = await files.open(config.path).catch((error: unknown) => {
      throw new Error(`cannot open ${config.path}: ${openProblem(error)}`, { cause: error });
    });
  }

  /** Resolves when `bytes` are in the file (and on the disk with `fsync`); rejects with a retryable error when they are not. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, done: (error) => (error === undefined ? resolve() : reject(error)) });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    await this.#running;
    this.#syncTimer?.cancel();
    this.#syncTimer = undefined;
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    if (this.#unsynced) await file.sync();
    await file.close();
  }

  async #run(): Promise<void> {
    // Starts one turn later, so that everything that arrives in this turn is one group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const error = await this.#writeGroup(group);
      for (const { done } of group) done(error);
    }
    this.#running = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<PipelineError | undefined> {
    const bytes = group.length === 1 ? (group[0] as Waiting).bytes : Buffer.concat(group.map((waiting) => waiting.bytes));
    const { config } = this.#settings;
    try {
      const file = await this.#fileFor(bytes.length);
      this.#torn = true;
      await file.append(bytes);
      if (config.fsync) await file.sync();
      this.#torn = false;
      this.#size += bytes.length;
    } catch (caught) {
      await this.#cutBack();
      return this.#explain(caught);
    }
    if (!config.fsync) this.#syncLater();
    return undefined;
  }

  async #fileFor(length: number): Promise<OpenFile> {
    const { config } = this.#settings;
    if (!this.#begun) await this.#begin();
    if (this.#torn) await this.#mustBeWhole();
    if (config.rotation !== undefined && this.#size > 0 && this.#size + length > config.rotation.max_megabytes * MIB) await this.#rotate();
    if (this.#file === undefined) {
      this.#file = await this.#settings.files.open(config.path);
      this.#size = await this.#file.size();
    }
    return this.#file;
  }

  async #begin(): Promise<void> {
    const file = this.#file;
    this.#size = (await file?.size()) ?? 0;
    // What has no size, such as a pipe, cannot be cut either.
    if (!this.#settings.config.append && this.#size > 0) {
      await file?.truncate(0);
      this.#size = 0;
    }
    this.#begun = true;
  }

  async #rotate(): Promise<void> {
    const { config, files, clock, log } = this.#settings;
    const { rotation } = config;
    if (rotation === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) {
      if (this.#unsynced) await file.sync();
      await file.close();
    }
    this.#unsynced = false;
    await files.rename(config.path, backupPath(config.path, clock.now(), rotation.localtime));
    // The new file is what matters; old ones can be deleted at the next rotation as well.
    await removeOldBackups(files, config.path, rotation, clock.now()).catch((caught: unknown) =>
      log.warn("Old files could not be deleted.", { error: messageOf(caught) }),
    );
  }

  async #cutBack(): Promise<void> {
    if (!this.#torn || this.#file === undefined) return;
    try {
      await this.#mustBeWhole();
    } catch (caught) {
      this.#settings.log.warn("A half-written message could not be cut off; nothing more is written until it is.", {
        error: messageOf(caught),
      });
    }
  }

  async #mustBeWhole(): Promise<void> {
    await this.#file?.truncate(this.#size);
    this.#torn = false;
  }

  #syncLater(): void {
    const { clock, config, log } = this.#settings;
    this.#unsynced = true;
    if (config.flush_interval === 0) return;
    this.#syncTimer ??= clock.setTimeout(() => {
      this.#syncTimer = undefined;
      this.#unsynced = false;
      this.#file
        ?.sync()
        .catch((caught: unknown) => log.warn("Written data could not be forced to the disk.", { error: messageOf(caught) }));
    }, config.flush_interval);
  }

  #explain(caught: unknown): PipelineError {
    const { path } = this.#settings.config;
    const code = codeOf(caught);
    const fix = FULL.has(code) ? "the disk is full; free some space or configure `rotation`" : messageOf(caught);
    return new PipelineError(`cannot write ${path}: ${fix}`, { code: "unavailable", retryable: true, cause: caught });
  }
}

function codeOf(caught: unknown): string {
  return typeof caught === "object" && caught !== null && "code" in caught && typeof caught.code === "string" ? caught.code : "";
}
