import { join } from "node:path";
import { root } from "./paths.mjs";
import { run } from "./process.ts";

const SUITES = ["otlp", "clients"];

/** Runs a suite of test/conformance with plain Node, or all of them. Resolves with the exit code. */
export async function conformance(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name !== undefined && !SUITES.includes(name)) {
    console.error(`There is no conformance suite "${name}". There are: ${SUITES.join(", ")}.`);
    return 2;
  }
  let worst = 0;
  for (const each of name === undefined ? SUITES : [name]) {
    const { code } = await run(process.execPath, [join(root, "test/conformance", `${each}.ts`), ...rest], { show: true });
    worst = Math.max(worst, code);
  }
  return worst;
}
