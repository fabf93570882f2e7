import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { run, type ProcessResult } from "./process.ts";
import type { Step } from "./steps.ts";

/** Packs every package as it would be published, and checks the tarballs as a user's tools would see them. Needs `dist`. */
export const packStep: Step = {
  title: "packed packages: publint, are-the-types-wrong",
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-pack-"));
    try {
      return await packAndCheck(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function packAndCheck(folder: string): Promise<ProcessResult> {
  const packed = await run("npx", [
    "-y",
    packageJson.packageManager,
    "--filter",
    "./packages/*",
    "-r",
    "pack",
    "--pack-destination",
    folder,
  ]);
  if (packed.code !== 0) return packed;
  const failures: string[] = [];
  for (const tarball of (await readdir(folder)).toSorted()) {
    const path = join(folder, tarball);
    for (const [tool, ...args] of [
      ["publint", path, "--strict"],
      ["attw", path, "--profile", "esm-only", "--no-emoji", "--format", "ascii"],
    ] as const) {
      const result = await run(tool, args);
      if (result.code !== 0) failures.push(`${tool} ${tarball}\n${result.output}`);
    }
  }
  return { code: failures.length === 0 ? 0 : 1, output: failures.join("\n") };
}
