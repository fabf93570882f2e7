import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const LARGEST_BLOCK = 2 ** 16;

/** A file system of a few MiB that goes with the test. Skips the test where none can be mounted, as it takes root on Linux. */
export async function smallDisk({ onTestFinished, skip }: TestContext, mib: number): Promise<string> {
  const mount = join(await temporaryFolder(), "small");
  mkdirSync(mount);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", mount], { stdio: "ignore" });
  } catch {
    skip("no file system can be mounted here (it takes root on Linux): a full disk is tried with injected errors only");
  }
  onTestFinished(() => void execFileSync("umount", ["-l", mount], { stdio: "ignore" }));
  return mount;
}

/** Takes every byte that is left; gives the function that gives them back. */
export function fillDisk(mount: string): () => void {
  const path = join(mount, "filler");
  const file = openSync(path, "a");
  for (let size = LARGEST_BLOCK; size >= 1; size >>= 4) {
    const block = Buffer.alloc(size);
    while (couldWrite(file, block));
  }
  closeSync(file);
  return () => rmSync(path, { force: true });
}

function couldWrite(file: number, block: Buffer): boolean {
  try {
    return writeSync(file, block) === block.length;
  } catch {
    return false;
  }
}
