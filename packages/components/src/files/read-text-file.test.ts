import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readTextFile } from "./read-text-file.ts";

it("reads a file, and waits for nobody at a pipe", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-files-"));
  try {
    writeFileSync(join(folder, "file"), "täxt\n");
    expect(await readTextFile(join(folder, "file"))).toBe("täxt\n");
    if (process.platform === "win32") return;
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(await readTextFile(join(folder, "pipe"))).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
