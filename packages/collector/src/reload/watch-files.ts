import { realpathSync, statSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Clock, Timer } from "@tidemark/core";

/** Where the system tells of no changes, such as on network file systems, files are looked at this often. */
const LOOK_MS = 2000;
/** Editors and copies make several changes in a row; the last one counts. */
export const DEBOUNCE_MS = 200;
/** In a directory where something changes all the time, this is waited at most. */
const MOST_MS = 1000;

/** What watching uses of the machine. */
export interface WatchIo {
  /** Calls `changed` with the name of what has changed in a directory, or with nothing. Throws when it cannot be watched. */
  readonly watchDirectory: (path: string, changed: (name: string | null) => void, failed: () => void) => { close(): void };
  /** Something that changes with the file; undefined when there is none. Symbolic links are followed. */
  readonly fingerprint: (path: string) => string | undefined;
  /** Where the links of `path` lead in the end; `path` itself when there is nothing. */
  readonly follow: (path: string) => string;
}

/**
 * Watches files by their directories: editors replace a file by renaming another one, and Kubernetes swaps the link `..data`, of which the
 * file itself knows nothing. Calls `changed` once after a burst of changes.
 */
export class FileWatcher {
  readonly #clock: Clock;
  readonly #io: WatchIo;
  readonly #changed: () => void;
  #files: readonly string[] = [];
  #directories = new Map<string, { close(): void }>();
  #seen = new Map<string, string | undefined>();
  #settled: Timer | undefined;
  #firstAt: number | undefined;
  #look: Timer | undefined;

  constructor(clock: Clock, io: WatchIo, changed: () => void) {
    this.#clock = clock;
    this.#io = io;
    this.#changed = changed;
    this.#keepLooking();
  }

  /** From now on these files are watched, and no others. */
  watch(paths: readonly string[]): void {
    this.#files = paths.map((path) => resolve(path));
    // What changed since it was read must still be noticed.
    this.#seen = new Map(this.#files.map((path) => [path, this.#seen.has(path) ? this.#seen.get(path) : this.#io.fingerprint(path)]));
    this.#watchDirectories();
  }

  close(): void {
    this.#look?.cancel();
    this.#settled?.cancel();
    for (const watcher of this.#directories.values()) watcher.close();
    this.#directories.clear();
    this.#files = [];
  }

  #watchDirectories(): void {
    const wanted = new Set(this.#files.flatMap((path) => [dirname(path), dirname(this.#io.follow(path))]));
    for (const [directory, watcher] of this.#directories) {
      if (wanted.delete(directory)) continue;
      watcher.close();
      this.#directories.delete(directory);
    }
    for (const directory of wanted) {
      try {
        const failed = (): void => void this.#directories.delete(directory);
        const watcher = this.#io.watchDirectory(directory, (name) => this.#event(directory, name), failed);
        this.#directories.set(directory, watcher);
      } catch {
        // It is not there at the moment: looking finds out when it is.
      }
    }
  }

  #event(directory: string, name: string | null): void {
    const concerns = (path: string): boolean => {
      const target = this.#io.follow(path);
      // Links may lead over others that have names of their own.
      if (target !== path || name === null) return directory === dirname(path) || directory === dirname(target);
      return directory === dirname(path) && name === basename(path);
    };
    if (this.#files.some(concerns)) this.#settle();
  }

  #settle(): void {
    const now = this.#clock.now();
    this.#firstAt ??= now;
    this.#settled?.cancel();
    const wait = Math.min(DEBOUNCE_MS, Math.max(0, this.#firstAt + MOST_MS - now));
    this.#settled = this.#clock.setTimeout(() => this.#check(), wait);
  }

  #check(): void {
    this.#firstAt = undefined;
    this.#watchDirectories();
    const changed = this.#files.filter((path) => this.#seen.get(path) !== this.#io.fingerprint(path));
    for (const path of changed) this.#seen.set(path, this.#io.fingerprint(path));
    if (changed.length > 0) this.#changed();
  }

  #keepLooking(): void {
    this.#look = this.#clock.setTimeout(() => {
      const isWaiting = this.#firstAt !== undefined;
      if (!isWaiting && this.#files.some((path) => this.#seen.get(path) !== this.#io.fingerprint(path))) this.#settle();
      this.#keepLooking();
    }, LOOK_MS);
  }
}

/** The machine's own file system. */
export const FILE_SYSTEM: WatchIo = {
  watchDirectory: (path, changed, failed) => {
    const watcher = watch(path, { persistent: false }, (_event, name) => changed(name));
    watcher.on("error", () => {
      watcher.close();
      failed();
    });
    return watcher;
  },
  fingerprint: (path) => {
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    return found === undefined ? undefined : `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
  },
  follow: (path) => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  },
};
