import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./process.ts";
import type { Totals } from "./steps.ts";

/** The part of vitest's JSON report that is needed. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

/**
 * Runs vitest (arguments narrow the files; `-u` renews golden files) and counts its tests; a file that cannot even be loaded
 * counts as one failed.
 */
export async function runTests(args: readonly string[]): Promise<Totals> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
  const report = join(folder, "report.json");
  try {
    const result = await run(
      "vitest",
      [
        "run",
        "--update=none",
        "--config",
        ".dev/vitest.config.mjs",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${report}`,
        ...args,
      ],
      { show: true },
    );
    const totals = count(
      await readFile(report, "utf8").then(
        (text) => JSON.parse(text) as Report,
        () => undefined,
      ),
    );
    if (result.code !== 0 && totals.failed === 0) totals.failed = 1;
    return totals;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function count(report: Report | undefined): Totals {
  if (report === undefined) return { passed: 0, failed: 1 };
  const unloadable = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloadable.length };
}
