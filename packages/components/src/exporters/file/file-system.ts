import { open, readdir, rename, rm } from "node:fs/promises";

/** A file that is open for appending. */
export interface OpenFile {
  /** Writes all of `bytes` at the end, or throws; then an unknown part of them may be in the file. */
  append(bytes: Uint8Array): Promise<void>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** Forces what was written to the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The part of the file system that the exporter uses. */
export interface FileSystem {
  open(path: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Names of the entries of a directory. */
  list(directory: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
}

/** The real file system. */
export const nodeFileSystem: FileSystem = {
  async open(path) {
    // Telemetry has users in it: a new file is for its owner only, as with the Collector.
    const handle = await open(path, "a", 0o600);
    return {
      append: (bytes) => handle.appendFile(bytes),
      size: async () => (await handle.stat()).size,
      truncate: (size) => handle.truncate(size),
      // fdatasync(2): EINVAL is the answer of a pipe, terminal or device, which has nothing to force.
      sync: () =>
        handle.datasync().catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "EINVAL") throw error;
        }),
      close: () => handle.close(),
    };
  },
  rename,
  list: (directory) => readdir(directory),
  remove: (path) => rm(path),
};
