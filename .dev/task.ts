// The tasks behind the scripts of the root package.json; started by run.mjs under the pinned Node.
import { join } from "node:path";
import { bench } from "./bench.ts";
import { conformance } from "./conformance.ts";
import { staticSteps } from "./check.ts";
import { root } from "./paths.mjs";
import { run } from "./process.ts";
import { runSteps, type Totals } from "./steps.ts";
import { runTests } from "./test.ts";

type Task = (args: readonly string[]) => Promise<number>;

const tasks: Readonly<Record<string, Task>> = {
  check: async () => report(await checks()),
  test: async (args) => {
    // With arguments one wants the named tests only, and soon.
    const checked = args.length > 0 ? { passed: 0, failed: 0 } : await checks();
    console.log("\n── tests ──");
    const tested = await runTests(args);
    return report({ passed: checked.passed + tested.passed, failed: checked.failed + tested.failed });
  },
  lint: async (args) => (await run("oxlint", ["--type-aware", "--deny-warnings", ...args], { show: true })).code,
  fmt: async (args) => (await run("oxfmt", args, { show: true })).code,
  gen: async () => (await import("./gen/generate.ts")).writeGenerated(),
  bench,
  simulate: async (args) => (await run(process.execPath, [join(root, "test/simulation/simulate.ts"), ...args], { show: true })).code,
  fuzz: async (args) => (await run(process.execPath, [join(root, "test/fuzz/fuzz.ts"), ...args], { show: true })).code,
  conformance,
  chaos: async (args) => (await run(process.execPath, [join(root, "test/chaos/chaos.ts"), ...args], { show: true })).code,
  new: async (args) => (await import("./new.ts")).createComponent(args),
};

async function checks(): Promise<Totals> {
  console.log("── checks ──");
  return runSteps(staticSteps);
}

function report(totals: Totals): number {
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
}

const [name = "", ...args] = process.argv.slice(2);
const task = tasks[name];
if (task === undefined) {
  console.error(`There is no task "${name}". There are: start, ${Object.keys(tasks).join(", ")}.`);
  process.exitCode = 2;
} else {
  process.exitCode = await task(args);
}
