import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Books } from "../chaos/books.ts";
import { Load } from "../chaos/load.ts";
import { startMoodySink } from "../chaos/moody-sink.ts";
import { pipelineYaml } from "../chaos/pipeline-yaml.ts";
import { steadyPorts, Subject, tidemark } from "../chaos/subject.ts";
import { eventually } from "../lib/eventually.ts";

const LAG_MS = 1000;
const MANY = 500;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

describe.skipIf(platform() !== "linux")("a stored queue, when the number of workers changes", () => {
  it("is delivered by whoever runs then, and the folders of workers that do not run go", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-adoption-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const storage = join(folder, "storage");
    const random = seededRandom(5);
    const books = new Books(LAG_MS);
    const sink = await startMoodySink(books, random);
    cleanups.push(() => sink.close());
    const ports = await steadyPorts();
    const yaml = pipelineYaml({ batching: "none", transport: "http", backEnd: sink, storage }, ports);
    let workers = 1;
    const command = (file: string): readonly string[] => tidemark(file, workers > 1 ? ["--workers", String(workers)] : []);
    const subject = new Subject({ folder, storage, ports, yaml, command });
    cleanups.push(() => subject.kill());

    sink.mood = () => "down";
    const load = new Load(subject, books, random);
    cleanups.push(() => load.close());
    for (workers of [4, 1, 3]) {
      const before = load.answers.acknowledged;
      await subject.start();
      load.start();
      await eventually("something is stored", async () => load.answers.acknowledged >= before + MANY);
      expect(await load.stop()).toBe(0);
      books.interrupted(await subject.kill());
      expect(load.answers.wrong).toEqual({});
    }
    expect(readdirSync(storage)).toEqual(expect.arrayContaining(["queues", "worker-0", "worker-1", "worker-2", "worker-3"]));

    sink.mood = () => "healthy";
    workers = 2;
    await subject.start();
    await eventually("everything is delivered", async () => books.missing().next().done === true);
    await eventually("only the workers' own folders are left", async () => readdirSync(storage).join(" ") === "worker-0 worker-1");
    expect(await subject.ledger()).toMatchObject({ balanced: true, violations: [] });
    expect(await subject.stop()).toBe(0);
    expect(subject.segments()).toEqual([]);
    expect(books.balance()).toMatchObject({ acknowledged: load.answers.acknowledged, missing: 0, unexplained: 0 });
  }, 60_000);
});
