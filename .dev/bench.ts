import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { run } from "./process.ts";

/** Runs the named benchmark of test/bench with plain Node, or all of them. Resolves with the exit code. */
export async function bench(args: readonly string[]): Promise<number> {
  const folder = join(root, "test/bench");
  const names = (await readdir(folder).catch(() => []))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3))
    .toSorted();
  const [name, ...rest] = args;
  if (name !== undefined && !names.includes(name)) {
    console.error(`There is no benchmark "${name}". There are: ${names.join(", ")}.`);
    return 2;
  }
  let worst = 0;
  for (const each of name === undefined ? names : [name]) {
    console.log(`── ${each} ──`);
    const { code } = await run(process.execPath, [join(folder, `${each}.ts`), ...rest], { show: true });
    worst = Math.max(worst, code);
  }
  return worst;
}
