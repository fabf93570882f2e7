import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../paths.mjs";
import { chatPicture } from "./chat-picture.ts";
import { componentReadme, componentsIndex } from "./component-readmes.ts";
import { scanComponents } from "./components.ts";
import { pipelineSchema } from "./pipeline-schema.ts";
import { componentRegistry } from "./registry.ts";

/** A generated file: its path from the root, and what it must hold. */
interface Generated {
  readonly path: string;
  readonly content: string;
}

/** Generated files that are not as they should be, and what kept others from being generated. */
interface Findings {
  readonly stale: readonly Generated[];
  readonly mistakes: readonly string[];
}

/** Writes every generated file that is not as it should be. Resolves with the exit code. */
export async function writeGenerated(): Promise<number> {
  const { stale, mistakes } = await generate();
  for (const { path, content } of stale) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    console.log(`wrote ${path}`);
  }
  for (const mistake of mistakes) console.error(mistake);
  if (stale.length === 0 && mistakes.length === 0) console.log("All generated files are up to date.");
  return mistakes.length === 0 ? 0 : 1;
}

/** Generates into memory; resolves with a line for each file that is not as it should be or cannot be generated. */
export async function findStale(): Promise<readonly string[]> {
  const { stale, mistakes } = await generate();
  return [...mistakes, ...stale.map(({ path }) => `${path} is not up to date`)];
}

async function generate(): Promise<Findings> {
  const { components, mistakes } = await scanComponents();
  const generators: readonly (() => Promise<readonly Generated[]>)[] = [
    async () => [componentRegistry(components), componentsIndex(components)],
    async () => [await pipelineSchema(components)],
    async () => [await chatPicture(components)],
    ...components.map((component) => async () => [await componentReadme(component)]),
  ];
  const stale: Generated[] = [];
  for (const generator of generators) {
    try {
      for (const file of await generator()) if (!(await isCurrent(file))) stale.push(file);
    } catch (error) {
      mistakes.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { stale, mistakes };
}

async function isCurrent({ path, content }: Generated): Promise<boolean> {
  return (await readFile(join(root, path), "utf8").catch(() => undefined)) === content;
}
