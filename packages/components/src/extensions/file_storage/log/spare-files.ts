import { join } from "node:path";
import type { FileLayer } from "../disk/file-layer.ts";
import type { Segment } from "./segment.ts";

const SPARE_NAME = /^\d{10}\.spare$/;

/** A file whose records are all done with. */
export interface SpareFile {
  readonly path: string;
  /** Salt of the segment that it was. */
  readonly salt: number;
}

/** Where spare files are, and how large they are. */
export interface SpareFilesOptions {
  readonly files: FileLayer;
  readonly folder: string;
  readonly segmentBytes: number;
  readonly mostSpares: number;
  /** Whether the disk can do without so many bytes. */
  readonly hasRoom: (bytes: number) => boolean;
}

/**
 * Full files of segments that are done with, to be written once more. A write into a file whose blocks are there has nothing to change
 * in the file system, so its sync takes about half of the time that a longer file needs.
 */
export class SpareFiles {
  readonly #options: SpareFilesOptions;
  #spares: SpareFile[] = [];
  /** Those whose new names may not be on the disk yet. */
  #retired: SpareFile[] = [];
  #isClosed = false;

  constructor(options: SpareFilesOptions) {
    this.#options = options;
  }

  /** Takes the file of a segment away: renamed when it is worth keeping, else deleted. Its folder has to be synced, and then `settle` called. */
  async retire(segment: Segment): Promise<void> {
    const { files, folder } = this.#options;
    if (this.#isWanted(segment)) {
      const path = join(folder, `${String(segment.number).padStart(10, "0")}.spare`);
      try {
        await files.rename(segment.path, path);
        this.#retired.push({ path, salt: segment.salt });
        return;
      } catch {
        // Somebody may have deleted it; what else is wrong is told by the attempt to delete it.
      }
    }
    await files.remove(segment.path);
  }

  /** The folder has been synced: what was retired before can be written. Until then a power cut may give it its old name back. */
  async settle(): Promise<void> {
    this.#spares.push(...this.#retired);
    this.#retired = [];
    if (this.#isClosed) await this.drop();
  }

  /** A file to write from its beginning on; it is the caller's. */
  take(): SpareFile | undefined {
    return this.#spares.pop();
  }

  /** Gives the room back. */
  async drop(): Promise<void> {
    const spares = this.#spares;
    this.#spares = [];
    for (const { path } of spares) await this.#options.files.remove(path).catch(() => undefined);
  }

  /** From now on nothing is kept. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.drop();
  }

  #isWanted({ isFilled, size }: Segment): boolean {
    const { segmentBytes, mostSpares, hasRoom } = this.#options;
    if (this.#isClosed || !isFilled || size > 2 * segmentBytes) return false;
    return this.#spares.length + this.#retired.length < mostSpares && hasRoom(size);
  }
}

/** Deletes the spare files that a process has left in a folder of queues when it was killed. */
export async function deleteSpareFiles(files: FileLayer, queues: string): Promise<void> {
  for (const owner of await files.list(queues)) {
    const folder = join(queues, owner);
    for (const name of await files.list(folder)) if (SPARE_NAME.test(name)) await files.remove(join(folder, name));
  }
}
