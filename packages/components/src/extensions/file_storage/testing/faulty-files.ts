import { diskFiles, type FileLayer, type LogFile } from "../log/file-layer.ts";

/** A disk that fails when it is told to, and writes down what it was asked to do. */
export interface FaultyFiles extends FileLayer {
  /** Code of the error that the next writes end with. */
  failing: string | undefined;
  free: number;
  /** `create`, `write`, `sync` and `remove`, in the order of their ends. */
  readonly done: string[];
}

/** The real disk with faults. A write that fails has written half of its bytes. */
export function faultyFiles(): FaultyFiles {
  const disk = diskFiles({ fsync: true, mode: 0o600 });
  const faulty: FaultyFiles = {
    ...disk,
    failing: undefined,
    free: 2 ** 40,
    done: [],
    freeBytes: () => Promise.resolve(faulty.free),
    async create(path) {
      const file = await disk.create(path);
      faulty.done.push("create");
      const watched: LogFile = {
        async write(buffers, position) {
          if (faulty.failing !== undefined) {
            const all = Buffer.concat(buffers);
            await file.write([all.subarray(0, all.length >> 1)], position);
            throw Object.assign(new Error(`${faulty.failing}: injected`), { code: faulty.failing });
          }
          await file.write(buffers, position);
          faulty.done.push("write");
        },
        read: (length, position) => file.read(length, position),
        size: () => file.size(),
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      };
      return watched;
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
