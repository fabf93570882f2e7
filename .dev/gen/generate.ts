import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../paths.mjs";
import { chatPicture } from "./chat-picture.ts";
import { componentReadmes, componentsIndex } from "./component-readmes.ts";
import { scanComponents } from "./components.ts";
import { pipelineSchema } from "./pipeline-schema.ts";
import { componentRegistry } from "./registry.ts";

/** A generated file: its path from the root, and what it must hold. */
interface Generated {
  readonly path: string;
  readonly content: string;
}

/** Writes every generated file that is not as it should be. Resolves with the exit code. */
export async function writeGenerated(): Promise<number> {
  const stale = await staleFiles().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
  });
  if (stale === undefined) return 1;
  for (const { path, content } of stale) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    console.log(`wrote ${path}`);
  }
  if (stale.length === 0) console.log("All generated files are up to date.");
  return 0;
}

/** Generates into memory; resolves with the paths of files that are not as they should be. */
export async function findStale(): Promise<readonly string[]> {
  return (await staleFiles()).map(({ path }) => path);
}

async function staleFiles(): Promise<readonly Generated[]> {
  const components = await scanComponents();
  const files: readonly Generated[] = [
    componentRegistry(components),
    componentsIndex(components),
    ...(await componentReadmes(components)),
    await pipelineSchema(components),
    await chatPicture(components),
  ];
  const stale: Generated[] = [];
  for (const file of files) {
    const current = await readFile(join(root, file.path), "utf8").catch(() => undefined);
    if (current !== file.content) stale.push(file);
  }
  return stale;
}
