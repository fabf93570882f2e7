import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { seededRandom } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { decodeSegmentHeader } from "./log/segment-format.ts";
import { numberOf, openTestStorage } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const KILLS = 4;
const MOST_ANSWERS = 600;
const SEED = 20_261;

/** Lets a process append until it has had `answers` answers, then kills it; gives the lines that it wrote. */
async function killAfter(directory: string, from: number, answers: number): Promise<string[]> {
  const script = fileURLToPath(new URL("testing/appender.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(from)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => void child.once("exit", resolve));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === answers) child.kill("SIGKILL");
  }
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
  return lines;
}

/** Segments that are in files which were others before. */
async function countReused(directory: string): Promise<number> {
  const folder = join(directory, "queues", "a");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log"));
  const headers = await Promise.all(names.map(async (name) => decodeSegmentHeader(await readFile(join(folder, name)))));
  return headers.filter((header) => header?.isReused === true).length;
}

describe("a process that is killed while it appends", () => {
  it("leaves everything that it was told is stored, in order", async () => {
    const folder = await temporaryFolder();
    const random = seededRandom(SEED);
    const acknowledged = new Map<number, number>();
    let reused = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const lines = await killAfter(folder, (kill + 1) * 1_000_000, 1 + Math.floor(random() * MOST_ANSWERS));
      expect(lines.filter((line) => !/^(stored|leaves) /.test(line))).toEqual([]);
      for (const line of lines) {
        const [, first = 0, id = 0] = line.split(" ").map(Number);
        if (line.startsWith("stored")) acknowledged.set(id, first);
        else for (const each of acknowledged.keys()) if (each <= first) acknowledged.delete(each);
      }
      reused += await countReused(folder);
      const { storage, damaged } = await openTestStorage(folder);
      const records = await (await storage.openQueue("a")).read(0, 1_000_000);
      const found = new Map(records.map((each) => [each.id, numberOf(each)]));
      expect([...acknowledged].filter(([id, number]) => found.get(id) !== number)).toEqual([]);
      expect([...found.keys()]).toEqual([...found.keys()].toSorted((a, b) => a - b));
      expect(damaged()).toBe(0);
      await storage.close();
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    expect(reused).toBeGreaterThan(0);
  });
});
