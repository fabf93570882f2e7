import { diskFiles, type FileLayer, type LogFile } from "../disk/file-layer.ts";

/** A disk that fails when it is told to, and writes down what it was asked to do. */
export interface FaultyFiles extends FileLayer {
  /** Code of the error that the next writes end with. */
  failing: string | undefined;
  /** Code of the error that the next attempts to open or make a file end with. */
  failingOpens: string | undefined;
  /** Files that are open now. */
  openFiles: number;
  free: number;
  /** `create`, `write`, `sync`, `rename` and `remove`, in the order of their ends. */
  readonly done: string[];
}

/** The real disk with faults. A write that fails has written half of its bytes. */
export function faultyFiles(): FaultyFiles {
  const disk = diskFiles({ fsync: true, mode: 0o600 });
  const faulty: FaultyFiles = {
    ...disk,
    failing: undefined,
    failingOpens: undefined,
    openFiles: 0,
    free: 2 ** 40,
    done: [],
    freeBytes: () => Promise.resolve(faulty.free),
    async open(path) {
      if (faulty.failingOpens !== undefined) throw injected(faulty.failingOpens);
      return counted(await disk.open(path), faulty);
    },
    async create(path) {
      if (faulty.failingOpens !== undefined) throw injected(faulty.failingOpens);
      const file = counted(await disk.create(path), faulty);
      faulty.done.push("create");
      return watched(file, faulty);
    },
    async reopen(path) {
      if (faulty.failingOpens !== undefined) throw injected(faulty.failingOpens);
      return watched(counted(await disk.reopen(path), faulty), faulty);
    },
    async rename(from, to) {
      await disk.rename(from, to);
      faulty.done.push("rename");
    },
    async syncDirectory(path) {
      await disk.syncDirectory(path);
      faulty.done.push("sync");
    },
    async remove(path) {
      await disk.remove(path);
      faulty.done.push("remove");
    },
  };
  return faulty;
}

/** A file whose writes can fail. */
function watched(file: LogFile, faulty: FaultyFiles): LogFile {
  return {
    async write(buffers, position) {
      if (faulty.failing !== undefined) {
        const all = Buffer.concat(buffers);
        await file.write([all.subarray(0, all.length >> 1)], position);
        throw injected(faulty.failing);
      }
      await file.write(buffers, position);
      faulty.done.push("write");
    },
    read: (length, position) => file.read(length, position),
    size: () => file.size(),
    truncate: (length) => (faulty.failing === "EROFS" ? Promise.reject(injected("EROFS")) : file.truncate(length)),
    close: () => file.close(),
  };
}

function counted(file: LogFile, faulty: FaultyFiles): LogFile {
  faulty.openFiles += 1;
  return {
    write: (buffers, position) => file.write(buffers, position),
    read: (length, position) => file.read(length, position),
    size: () => file.size(),
    truncate: (length) => file.truncate(length),
    close: () => {
      faulty.openFiles -= 1;
      return file.close();
    },
  };
}

function injected(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
