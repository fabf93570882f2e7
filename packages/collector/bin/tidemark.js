#!/usr/bin/env node
// Starts the command line on a Node that can run it: this one, or else the one that the npm package `node` brought.
import { spawn } from "node:child_process";
import * as modules from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

const OLDEST_NODE = 24;

/*
 * Request bodies are memory outside of V8's heap. With a young generation of the standard size they pile up to V8's limit for
 * such memory before a scavenge comes, and V8 then marks the whole heap, many times a second: half of all CPU time.
 * `npm run bench -- peers` shows the difference; without these settings everything works, more slowly.
 */
const YOUNG_GENERATION = "--max-semi-space-size=2";
/**
 * Count freed bodies at once, not one collection late; let the old generation grow to 2.8 times what lives, bodies included: else each 64 MiB of bodies,
 * dead or alive, mark the whole heap.
 */
const RUNTIME_FLAGS = [
  "--no-concurrent-array-buffer-sweeping",
  "--heap-growing-percent=180",
  "--external-memory-accounted-in-global-limit",
];

/** Tells the process on the newer Node that it has a parent to end with. */
const HANDED_OVER = "TIDEMARK_HANDED_OVER";

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  if (isRun(process.argv[2])) tuneHeap();
  if (process.env[HANDED_OVER] !== undefined) endWithParent();
  // From the second start on: half the time, and 20 MB less for a compiler that is not needed.
  modules.enableCompileCache();
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

/** Whether the collector itself is to run; the other commands end before memory matters. */
function isRun(command = "") {
  return command === "run" || command.startsWith("--config") || command.startsWith("--set");
}

/** The young generation can only be sized at the start: the process replaces itself, keeping its id, files and parent. */
function tuneHeap() {
  const isSized = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => option.includes("-semi-space-size"));
  if (!isSized && process.platform !== "win32" && typeof process.execve === "function") {
    process.execve(process.execPath, [process.execPath, YOUNG_GENERATION, ...process.execArgv, ...process.argv.slice(1)], process.env);
  }
  for (const flag of RUNTIME_FLAGS) setFlagsFromString(flag);
}

/** Who kills the process that they started means this one too. */
function endWithParent() {
  delete process.env[HANDED_OVER];
  process.channel?.unref();
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}

function pinnedNode() {
  try {
    const manifest = modules.createRequire(import.meta.url).resolve("node/package.json");
    return join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [YOUNG_GENERATION, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [HANDED_OVER]: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
