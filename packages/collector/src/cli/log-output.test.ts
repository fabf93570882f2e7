import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openLogSink } from "./log-output.ts";

it("writes every line to all places, and appends to files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-log-"));
  const file = join(folder, "x.log");
  const seen: string[] = [];
  const io = {
    stdout: (text: string) => void seen.push(`out ${text}`),
    stderr: (text: string) => void seen.push(`err ${text}`),
    env: {},
    color: false,
    readFile: () => Promise.reject(new Error("nothing is read here")),
  };
  for (const line of ["one", "two"]) {
    const { sink, close } = openLogSink(["stderr", "stdout", file], io);
    sink(line);
    close();
  }
  expect(seen).toEqual(["err one\n", "out one\n", "err two\n", "out two\n"]);
  expect(await readFile(file, "utf8")).toBe("one\ntwo\n");
  await rm(folder, { recursive: true });
});
