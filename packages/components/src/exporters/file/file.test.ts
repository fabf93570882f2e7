import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { testContext } from "@tidemark/core/testing";
import { batchFromJson, openBatch, type Batch } from "@tidemark/otlp";
import { logs, spanNames, traces } from "@tidemark/otlp/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileConfig } from "./config.ts";
import { nodeFileSystem } from "./file-system.ts";
import { createFileExporter } from "./file.ts";

let directory: string;
const send = { signal: AbortSignal.timeout(60_000), rejected: (): void => undefined };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidemark-file-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function write(config: Record<string, unknown>, batches: readonly Batch[]): Promise<Buffer> {
  const path = join(directory, "out");
  const exporter = createFileExporter(fileConfig.parse({ path, ...config }), testContext({ id: "file", kind: "exporter" }), nodeFileSystem);
  await exporter.start?.();
  for (const batch of batches) await exporter.send(batch, send);
  await exporter.shutdown?.(AbortSignal.timeout(1000));
  return readFile(path);
}

/** Cuts a file of frames into its messages. */
function messages(content: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const length = content.readUInt32BE(at);
    found.push(content.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

const one = traces({ spans: [{ name: "a" }] });
const two = traces({ spans: [{ name: "b" }, { name: "c" }] });

describe("formats", () => {
  it("json: one OTLP/JSON document per line", async () => {
    const lines = (await write({}, [one, two])).toString().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe("");
    expect(lines.slice(0, 2).map((line) => spanNames(batchFromJson("traces", line)))).toEqual([["a"], ["b", "c"]]);
  });

  it("proto: messages after their length in 4 big-endian bytes", async () => {
    const found = messages(await write({ format: "proto", fsync: true }, [one, two]));
    expect(found.map((message) => spanNames(openBatch("traces", message)))).toEqual([["a"], ["b", "c"]]);
  });

  it.each([
    ["gzip", gunzipSync],
    ["zstd", zstdDecompressSync],
  ])("compression %s: each message by itself", async (compression, decompress) => {
    const proto = messages(await write({ format: "proto", compression }, [one, two]));
    expect(proto.map((message) => spanNames(openBatch("traces", decompress(message))))).toEqual([["a"], ["b", "c"]]);
    const json = messages(await write({ compression }, [two]));
    expect(json.map((message) => spanNames(batchFromJson("traces", decompress(message))))).toEqual([["b", "c"]]);
  });

  it("takes all signals", async () => {
    expect((await write({}, [one, logs({ records: [{}] })])).toString()).toContain("resourceLogs");
  });
});

describe("the file", () => {
  it("must be possible to open when the collector starts", async () => {
    const open = (path: string): unknown => createFileExporter(fileConfig.parse({ path }), testContext(), nodeFileSystem).start?.();
    const missing = join(directory, "missing", "out");
    await expect(async () => open(missing)).rejects.toThrow(`cannot open ${missing}: its directory does not exist; create the directory`);
    await expect(async () => open(directory)).rejects.toThrow(`cannot open ${directory}: it is a directory; name a file`);
  });

  it("is emptied by the first batch, unless it is to be continued", async () => {
    const first = await write({}, [one]);
    expect(await write({}, [one])).toEqual(first);
    expect(await write({ append: true }, [one])).toEqual(Buffer.concat([first, first]));
  });

  it("is for its owner only when it is new, and keeps the rights that it has", async () => {
    await write({}, [one]);
    const rights = async (): Promise<number> => (await stat(join(directory, "out"))).mode & 0o777;
    expect(await rights()).toBe(0o600);
    await chmod(join(directory, "out"), 0o644);
    await write({ append: true }, [one]);
    expect(await rights()).toBe(0o644);
  });

  it("may be a device, which has no size", async () => {
    const exporter = createFileExporter(fileConfig.parse({ path: "/dev/null" }), testContext(), nodeFileSystem);
    await exporter.start?.();
    await exporter.send(one, send);
    await exporter.shutdown?.(AbortSignal.timeout(1000));
  });

  it("takes nothing after shutdown", async () => {
    const exporter = createFileExporter(fileConfig.parse({ path: join(directory, "out") }), testContext(), nodeFileSystem);
    await exporter.start?.();
    await exporter.shutdown?.(AbortSignal.timeout(1000));
    await expect(async () => exporter.send(one, send)).rejects.toMatchObject({ retryable: true });
  });
});
