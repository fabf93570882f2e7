import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { CliIo } from "./io.ts";
import { openLogSink } from "./log-output.ts";

function io(): CliIo & { readonly seen: string[] } {
  const seen: string[] = [];
  return {
    seen,
    stdout: (text) => void seen.push(`out ${text}`),
    stderr: (text) => void seen.push(`err ${text}`),
    env: {},
    color: false,
    readFile: () => Promise.reject(new Error("nothing is read here")),
  };
}

it("writes every line to all places, and appends to files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-log-"));
  const file = join(folder, "x.log");
  const machine = io();
  for (const line of ["one", "two"]) {
    const { sink, close } = openLogSink({ output_paths: ["stderr", "stdout", file], error_output_paths: ["stderr"] }, machine);
    sink(line);
    close();
  }
  expect(machine.seen).toEqual(["err one\n", "out one\n", "err two\n", "out two\n"]);
  expect(await readFile(file, "utf8")).toBe("one\ntwo\n");
  await rm(folder, { recursive: true });
});

// /dev/full answers every write as a full disk does.
it.skipIf(process.platform !== "linux")("goes on when a file cannot be written, and says so once where errors go", () => {
  const machine = io();
  const { sink, close } = openLogSink({ output_paths: ["/dev/full", "stdout"], error_output_paths: ["stderr", "/dev/full"] }, machine);
  for (const line of ["one", "two"]) sink(line);
  close();
  expect(machine.seen).toEqual([
    expect.stringMatching(/^err Log lines cannot be written to \/dev\/full, and are left out until they can: ENOSPC: .+\n$/),
    "out one\n",
    "out two\n",
  ]);
});

it("says which option names a file that cannot be opened", () => {
  const open = (error: string): unknown => openLogSink({ output_paths: ["stderr"], error_output_paths: [error] }, io());
  expect(() => open("no-such-folder/x.log")).toThrow(
    /^service::telemetry::logs::error_output_paths: cannot open no-such-folder\/x\.log: ENOENT/,
  );
});
