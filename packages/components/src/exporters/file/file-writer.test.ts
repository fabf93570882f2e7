import { testContext, type TestContext } from "@tidemark/core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { fileConfig } from "./config.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";
import { FileWriter } from "./file-writer.ts";

const PATH = "out/t.jsonl";
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A file system in memory for tests, which can be full, slow or broken. */
class MemoryFiles implements FileSystem {
  readonly contents = new Map<string, Uint8Array>();
  /** Bytes of each file that a power cut would leave. */
  readonly synced = new Map<string, number>();
  /** Room on the disk, in bytes. */
  capacity = Number.POSITIVE_INFINITY;
  truncateFails = false;
  appends = 0;
  syncs = 0;

  async open(path: string): Promise<OpenFile> {
    // The handle follows the file when it is renamed, as on a real disk.
    const inode = { path };
    this.#inodes.push(inode);
    if (!this.contents.has(path)) this.contents.set(path, new Uint8Array(0));
    const read = (): Uint8Array => this.contents.get(inode.path) ?? new Uint8Array(0);
    return {
      append: async (bytes) => {
        await Promise.resolve();
        this.appends += 1;
        const used = [...this.contents.values()].reduce((sum, content) => sum + content.length, 0);
        const fitting = Math.min(bytes.length, Math.max(0, this.capacity - used));
        this.contents.set(inode.path, Buffer.concat([read(), bytes.subarray(0, fitting)]));
        if (fitting < bytes.length) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      },
      size: async () => read().length,
      truncate: async (size) => {
        if (this.truncateFails) throw Object.assign(new Error("EIO: i/o error, ftruncate"), { code: "EIO" });
        this.contents.set(inode.path, read().slice(0, size));
      },
      sync: async () => {
        await Promise.resolve();
        this.syncs += 1;
        this.synced.set(inode.path, read().length);
      },
      close: async () => undefined,
    };
  }

  readonly #inodes: { path: string }[] = [];

  async rename(from: string, to: string): Promise<void> {
    this.contents.set(to, this.contents.get(from) ?? new Uint8Array(0));
    this.contents.delete(from);
    for (const inode of this.#inodes) if (inode.path === from) inode.path = to;
  }

  async list(): Promise<readonly string[]> {
    return [...this.contents.keys()].map((path) => path.slice(path.lastIndexOf("/") + 1));
  }

  async remove(path: string): Promise<void> {
    this.contents.delete(path);
  }

  text(path: string): string {
    return Buffer.from(this.contents.get(path) ?? []).toString();
  }
}

let files: MemoryFiles;
let context: TestContext;

beforeEach(() => {
  files = new MemoryFiles();
  context = testContext({ id: "file", kind: "exporter" });
});

async function open(config: Record<string, unknown> = {}): Promise<FileWriter> {
  const writer = new FileWriter({ config: fileConfig.parse({ path: PATH, ...config }), files, clock: context.clock, log: context.log });
  await writer.open();
  return writer;
}

describe("writing", () => {
  it("keeps the order and joins what arrives together", async () => {
    const writer = await open();
    await Promise.all(["a\n", "b\n", "c\n"].map((line) => writer.write(bytes(line))));
    await writer.write(bytes("d\n"));
    expect(files.text(PATH)).toBe("a\nb\nc\nd\n");
    expect(files.appends).toBe(2);
  });

  it("empties the file at the first write, or appends to it", async () => {
    files.contents.set(PATH, bytes("old\n"));
    await (await open({ append: true })).write(bytes("new\n"));
    expect(files.text(PATH)).toBe("old\nnew\n");
    await (await open()).write(bytes("newer\n"));
    expect(files.text(PATH)).toBe("newer\n");
  });

  it("leaves the file of a collector that runs as it is, when a second one is started and gives up", async () => {
    const running = await open();
    await running.write(bytes("a\n"));
    await (await open()).close();
    await running.write(bytes("b\n"));
    expect(files.text(PATH)).toBe("a\nb\n");
  });

  it("cuts half a message off without what came in between the opening and the first write", async () => {
    const writer = await open({ append: true });
    files.contents.set(PATH, bytes("other\n"));
    files.capacity = 8;
    await expect(writer.write(bytes("mine\n"))).rejects.toMatchObject({ retryable: true });
    expect(files.text(PATH)).toBe("other\n");
  });

  it("refuses while an old file cannot be emptied", async () => {
    files.contents.set(PATH, bytes("old\n"));
    const writer = await open();
    files.truncateFails = true;
    await expect(writer.write(bytes("new\n"))).rejects.toMatchObject({ retryable: true });
    expect(files.text(PATH)).toBe("old\n");
    files.truncateFails = false;
    await writer.write(bytes("new\n"));
    expect(files.text(PATH)).toBe("new\n");
  });

  it("with fsync resolves only when the bytes are on the disk, one fsync for all that came together", async () => {
    const writer = await open({ fsync: true });
    await Promise.all([writer.write(bytes("a\n")), writer.write(bytes("b\n"))]);
    expect(files.synced.get(PATH)).toBe(4);
    expect(files.syncs).toBe(1);
  });

  it("without fsync forces data to the disk after flush_interval and at the end", async () => {
    const writer = await open({ flush_interval: "2s" });
    await writer.write(bytes("a\n"));
    expect(files.syncs).toBe(0);
    await context.clock.advance(2000);
    expect(files.synced.get(PATH)).toBe(2);
    await writer.write(bytes("b\n"));
    await writer.close();
    expect(files.synced.get(PATH)).toBe(4);
    expect(context.clock.pending).toBe(0);
  });
});

describe("a full disk", () => {
  it("refuses, leaves no half line, and goes on when there is room again", async () => {
    const writer = await open();
    await writer.write(bytes("first\n"));
    files.capacity = 10;
    await expect(writer.write(bytes("second\n"))).rejects.toMatchObject({
      retryable: true,
      code: "unavailable",
      message: "cannot write out/t.jsonl: the disk is full; free some space or configure `rotation`",
    });
    expect(files.text(PATH)).toBe("first\n");
    files.capacity = Number.POSITIVE_INFINITY;
    await writer.write(bytes("second\n"));
    expect(files.text(PATH)).toBe("first\nsecond\n");
  });

  it("writes nothing behind a half line that could not be cut off", async () => {
    const writer = await open();
    files.capacity = 3;
    files.truncateFails = true;
    await expect(writer.write(bytes("first\n"))).rejects.toMatchObject({ retryable: true });
    files.capacity = Number.POSITIVE_INFINITY;
    await expect(writer.write(bytes("second\n"))).rejects.toMatchObject({ retryable: true });
    files.truncateFails = false;
    await writer.write(bytes("third\n"));
    expect(files.text(PATH)).toBe("third\n");
  });

  it("refuses every batch of a group that did not fit", async () => {
    const writer = await open();
    files.capacity = 3;
    const results = await Promise.allSettled([writer.write(bytes("a\n")), writer.write(bytes("b\n"))]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(files.text(PATH)).toBe("");
  });
});

describe("rotation", () => {
  const big = (letter: string): Uint8Array => bytes(`${letter.repeat(700_000)}\n`);
  const first = (path: string): string => files.text(path).slice(0, 1);

  it("puts a full file aside under the time, and never splits a message", async () => {
    const writer = await open({ rotation: { max_megabytes: 1 } });
    await writer.write(big("a"));
    await writer.write(big("b"));
    expect([...files.contents.keys()].toSorted()).toEqual(["out/t-2025-10-09T08-53-20.000.jsonl", PATH]);
    expect(first(PATH)).toBe("b");
    expect(first("out/t-2025-10-09T08-53-20.000.jsonl")).toBe("a");
  });

  it("keeps max_backups of them, and leaves other files alone", async () => {
    files.contents.set("out/t-notes.jsonl", bytes("mine"));
    const writer = await open({ rotation: { max_megabytes: 1, max_backups: 2 } });
    for (const letter of ["a", "b", "c", "d", "e"]) {
      await writer.write(big(letter));
      await context.clock.advance(1000);
    }
    const backups = [...files.contents.keys()].filter((path) => path.includes("2025")).toSorted();
    expect(backups.map(first)).toEqual(["c", "d"]);
    expect(files.text("out/t-notes.jsonl")).toBe("mine");
  });

  it("deletes backups older than max_days", async () => {
    const writer = await open({ rotation: { max_megabytes: 1, max_days: 2 } });
    for (const letter of ["a", "b", "c"]) {
      await writer.write(big(letter));
      await context.clock.advance(36 * 3_600_000);
    }
    await writer.write(big("d"));
    const backups = [...files.contents.keys()].filter((path) => path !== PATH).toSorted();
    expect(backups.map(first)).toEqual(["b", "c"]);
  });
});
