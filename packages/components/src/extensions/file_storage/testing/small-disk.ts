import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const LARGEST_BLOCK = 2 ** 16;

/** Whether a small file system may be mounted here: it takes root, and a kernel that lets root do it. */
export function canMount(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0;
}

/** A file system of a few MiB that goes with the test; undefined where root may not mount one either. */
export async function smallDisk(mib: number): Promise<string | undefined> {
  const mount = join(await temporaryFolder(), "small");
  mkdirSync(mount);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", mount], { stdio: "ignore" });
  } catch {
    console.log("No file systems can be mounted here: a full disk is tried with injected errors only.");
    return undefined;
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
