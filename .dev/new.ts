import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { COMPONENTS_SOURCE } from "./gen/components.ts";
import { writeGenerated } from "./gen/generate.ts";
import { run } from "./process.ts";
import { processorTemplate } from "./templates/processor.ts";

/** Files of a new component: path in its folder → content. */
export type Template = (type: string) => Readonly<Record<string, string>>;

const templates: Readonly<Record<string, { readonly folder: string; readonly template: Template }>> = {
  processor: { folder: "processors", template: processorTemplate },
};

/** Writes the folder of a new component that passes all checks. Resolves with the exit code. */
export async function createComponent(args: readonly string[]): Promise<number> {
  const [kind = "", type = ""] = args;
  const chosen = templates[kind];
  if (chosen === undefined) return refuse(`Say what to make: npm run new -- ${Object.keys(templates).join("|")} <type>`);
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(type))
    return refuse(`The type must be lower_snake_case, such as drop_debug; "${type}" is not.`);
  const folder = `${COMPONENTS_SOURCE}/${chosen.folder}/${type}`;
  if (existsSync(join(root, folder))) return refuse(`${folder} exists already.`);
  await mkdir(join(root, folder), { recursive: true });
  for (const [name, content] of Object.entries(chosen.template(type))) await writeFile(join(root, folder, name), content);
  await run("oxfmt", [folder]);
  console.log(`made ${folder}`);
  const code = await writeGenerated();
  if (code === 0) console.log("Next: edit the folder, then npm run gen, then npm test.");
  return code;
}

function refuse(message: string): number {
  console.error(message);
  return 2;
}
