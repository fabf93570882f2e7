import * as fs from "node:fs";
import { mkdir, open, readdir, rename, rm, rmdir, statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** A file that is written from its beginning to its end, and read anywhere. */
export interface LogFile {
  /** Writes all of `buffers` from `position` on; they are on the disk when this resolves. May have written a part when it rejects. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Up to `length` bytes; fewer only at the end of the file. */
  read(length: number, position: number): Promise<Buffer>;
  size(): Promise<number>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The disk, as the record log needs it. Tests put failures and recorders in its place. */
export interface FileLayer {
  /** Makes a folder and those above it; they are on the disk when this resolves. */
  createDirectory(path: string, mode: number): Promise<void>;
  /** Names in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** A new file (fails when there is one) for reading and writing. Its name is on the disk after `syncDirectory`. */
  create(path: string): Promise<LogFile>;
  open(path: string): Promise<LogFile>;
  /** A file that is there, for reading and writing. */
  reopen(path: string): Promise<LogFile>;
  /** Gives a file another name, which is on the disk after `syncDirectory`; a file that has it goes. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Puts created and removed names on the disk. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that may still be written to the file system of `path`. */
  freeBytes(path: string): Promise<number>;
}

// One call for "write and sync" saves a turn of the event loop for each commit. Elsewhere O_DSYNC is missing or weaker than fdatasync.
const SYNCS_WHILE_WRITING = process.platform === "linux";

/** The real disk. Without `fsync` the operating system decides when bytes reach it. */
export function diskFiles(options: { readonly fsync: boolean; readonly mode: number }): FileLayer {
  const { O_CREAT, O_EXCL, O_RDWR, O_DSYNC } = fs.constants;
  const writeFlags = O_RDWR | (options.fsync && SYNCS_WHILE_WRITING ? O_DSYNC : 0);
  const syncAfterWrite = options.fsync && !SYNCS_WHILE_WRITING;
  const layer: FileLayer = {
    async createDirectory(path, mode) {
      const first = await mkdir(path, { recursive: true, mode });
      if (first === undefined) return;
      const topmost = dirname(first);
      try {
        for (let above = dirname(path); above.length >= topmost.length; above = dirname(above)) {
          await layer.syncDirectory(above);
          if (above === dirname(above)) return;
        }
      } catch (error) {
        // Who finds it there next time would take it for one that is on the disk.
        for (let made = path; made.length >= first.length; made = dirname(made)) await rmdir(made).catch(() => undefined);
        throw error;
      }
    },
    list: (path) =>
      readdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      }),
    create: async (path) => new DiskFile(await openFile(path, writeFlags | O_CREAT | O_EXCL, options.mode), syncAfterWrite),
    open: async (path) => new DiskFile(await openFile(path, fs.constants.O_RDONLY), false),
    reopen: async (path) => new DiskFile(await openFile(path, writeFlags), syncAfterWrite),
    rename,
    remove: (path) => rm(path, { force: true }),
    async syncDirectory(path) {
      // Windows cannot open folders; NTFS keeps names in its journal.
      if (!options.fsync || process.platform === "win32") return;
      const handle = await open(path, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    async freeBytes(path) {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
  };
  return layer;
}

// Callbacks on descriptors: a FileHandle costs each commit a third more of the main thread's time.
class DiskFile implements LogFile {
  readonly #descriptor: number;
  readonly #syncAfterWrite: boolean;

  constructor(descriptor: number, syncAfterWrite: boolean) {
    this.#descriptor = descriptor;
    this.#syncAfterWrite = syncAfterWrite;
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const length = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    let written = await writev(this.#descriptor, buffers, position);
    while (written < length) {
      const more = await writev(this.#descriptor, rest(buffers, written), position + written);
      if (more === 0) throw new Error("the file system wrote nothing and gave no reason");
      written += more;
    }
    if (this.#syncAfterWrite) await settled((done) => fs.fdatasync(this.#descriptor, done));
  }

  async read(length: number, position: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const count = await readInto(this.#descriptor, bytes.subarray(filled), position + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
    });
  }

  truncate(length: number): Promise<void> {
    return settled((done) => fs.ftruncate(this.#descriptor, length, done));
  }

  close(): Promise<void> {
    return settled((done) => fs.close(this.#descriptor, done));
  }
}

function openFile(path: string, flags: number, mode?: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, mode, (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
  });
}

function writev(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(descriptor, buffers, position, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}

function readInto(descriptor: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, bytes, 0, bytes.length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

function settled(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}

/** What is left of `buffers` when `written` bytes have been written. */
function rest(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written;
  const left: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip < buffer.byteLength) left.push(buffer.subarray(skip));
    skip = Math.max(0, skip - buffer.byteLength);
  }
  return left;
}
