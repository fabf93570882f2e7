#!/usr/bin/env node
// Starts the command line on a Node that can run it: this one, or else the one that the npm package `node` brought.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  const { main } = await import("@tidemark/collector/cli");
  await main();
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      `tidemark needs Node ${OLDEST_NODE} or newer; this is ${process.version}. Install it, or add the npm package "node" beside tidemark.`,
    );
    process.exitCode = 2;
  } else {
    handOver(node);
  }
}

function pinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    return join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
