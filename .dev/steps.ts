import { stripVTControlCharacters } from "node:util";
import { run, type ProcessResult } from "./process.ts";

/** One check that CI needs. It counts as one passed or failed test. */
export interface Step {
  readonly title: string;
  readonly run: () => Promise<ProcessResult>;
}

/** How many checks passed and failed. */
export interface Totals {
  passed: number;
  failed: number;
}

/** Runs the steps one after another, shows what the failing ones say, and counts. */
export async function runSteps(steps: readonly Step[]): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0 };
  for (const step of steps) {
    const started = performance.now();
    const { code, output } = await step.run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${step.title} (${seconds} s)`);
    if (code === 0) totals.passed += 1;
    else {
      totals.failed += 1;
      console.log(indent(stripVTControlCharacters(output)));
    }
  }
  return totals;
}

/** A step that runs tools one after another and stops at the first that fails. */
export function toolStep(title: string, ...commands: readonly (readonly [tool: string, ...args: string[]])[]): Step {
  return {
    title,
    run: async () => {
      for (const [tool, ...args] of commands) {
        const result = await run(tool, args);
        if (result.code !== 0) return result;
      }
      return { code: 0, output: "" };
    },
  };
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
