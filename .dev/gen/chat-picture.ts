import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { drawingOf, toSvg } from "@tidemark/collector";
import { loadConfig, renderDiagnostics } from "@tidemark/config";
import { root } from "../paths.mjs";
import { registryOf, type ScannedComponent } from "./components.ts";

const PIPELINE = "pipelines/chat.yaml";

/** The picture of the demo's graph in the README, as `tidemark graph --format svg` draws it. */
export async function chatPicture(components: readonly ScannedComponent[]): Promise<{ path: string; content: string }> {
  const loaded = await loadConfig({
    uris: [PIPELINE],
    sets: [],
    registry: registryOf(components),
    env: {},
    readFile: (path) => readFile(join(root, path), "utf8"),
  });
  if (!loaded.ok) throw new Error(renderDiagnostics(loaded.diagnostics, { color: false }));
  return { path: "packages/collector/docs/chat.svg", content: toSvg(drawingOf(loaded.config.graph)) };
}
