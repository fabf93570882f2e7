import { seededRandom } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import type { LogFile } from "../disk/file-layer.ts";
import { EMPTY_DISK, PowerDisk } from "../testing/power-disk.ts";
import { record } from "../testing/storage-kit.ts";
import { scanSegment } from "./segment-scan.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { SpareFiles } from "./spare-files.ts";

const FOLDER = "/queue";
const SEGMENT_BYTES = 1000;

/** A disk on which the write with this number, counted from one in each file, is done by half and fails; with it, all that come after. */
class FailingDisk extends PowerDisk {
  failing: number | undefined;
  alsoLater = false;

  override async reopen(path: string): Promise<LogFile> {
    const file = await this.open(path);
    let writes = 0;
    return {
      ...file,
      write: async (buffers, position) => {
        writes += 1;
        const fails = this.failing !== undefined && (writes === this.failing || (this.alsoLater && writes > this.failing));
        if (!fails) return file.write(buffers, position);
        const bytes = Buffer.concat(buffers);
        await file.write([bytes.subarray(0, bytes.length >> 1)], position);
        throw new Error("EIO: injected");
      },
    };
  }

  async bytesOf(path: string): Promise<Buffer> {
    const file = await this.open(path);
    return file.read(await file.size(), 0);
  }
}

/** A writer that goes on in a file that held a segment before; gives the path of that file. */
async function reusing(disk: FailingDisk): Promise<{ readonly writer: SegmentWriter; readonly path: string }> {
  const spares = new SpareFiles({ files: disk, folder: FOLDER, segmentBytes: SEGMENT_BYTES, mostSpares: 1, hasRoom: () => true });
  const random = seededRandom();
  const writer = new SegmentWriter({
    files: disk,
    folder: FOLDER,
    folderMode: 0o700,
    segmentBytes: SEGMENT_BYTES,
    random,
    nextNumber: 1,
    spares,
  });
  const first = await writer.write([record(1, 600), record(2, 600)], 1);
  await writer.write([record(3, 1200)], 3);
  await spares.retire(first);
  await disk.syncDirectory(FOLDER);
  await spares.settle();
  const { path, isReused } = await writer.write([record(4, 100)], 4);
  expect(isReused).toBe(true);
  return { writer, path };
}

describe("a write that fails in a file that was a segment before", () => {
  it("leaves an end behind what was answered: damage to that is told", async () => {
    const disk = new FailingDisk(EMPTY_DISK, seededRandom());
    const { writer, path } = await reusing(disk);
    disk.failing = 2;
    await expect(writer.write([record(5, 100), record(6, 100)], 5)).rejects.toThrow("EIO");
    const bytes = await disk.bytesOf(path);
    expect(scanSegment(bytes)).toMatchObject({ damage: [], durableBelow: 5 });
    bytes[150] = (bytes[150] ?? 0) ^ 1;
    expect(scanSegment(bytes)).toMatchObject({ records: [], damage: [{ torn: false, header: { id: 4 } }], durableBelow: 5 });
  });

  it("leaves nothing behind what was answered when no end can be written either", async () => {
    const disk = new FailingDisk(EMPTY_DISK, seededRandom());
    const { writer, path } = await reusing(disk);
    disk.failing = 2;
    disk.alsoLater = true;
    await expect(writer.write([record(5, 100), record(6, 100)], 5)).rejects.toThrow("EIO");
    const scan = scanSegment(await disk.bytesOf(path));
    expect(scan?.records.map(({ header }) => header.id)).toEqual([4]);
    expect(scan?.damage).toEqual([]);
  });
});
