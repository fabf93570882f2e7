import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** The Node that the workspace pins through the npm package `node`. */
export function pinnedNode() {
  return join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
}
