import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/** What a finished child process left. */
export interface ProcessResult {
  readonly code: number;
  /** Standard output and error, in the order of arrival. */
  readonly output: string;
}

/** Runs a tool of the workspace (a name in node_modules/.bin, or `npx`) and keeps its output. */
export function run(tool: string, args: readonly string[], options: { readonly show?: boolean } = {}): Promise<ProcessResult> {
  const windows = process.platform === "win32";
  const command = tool === "npx" || tool === process.execPath ? tool : `${root}node_modules/.bin/${tool}${windows ? ".cmd" : ""}`;
  const child = spawn(command, args, {
    cwd: root,
    stdio: options.show === true ? "inherit" : ["ignore", "pipe", "pipe"],
    shell: windows && tool !== process.execPath,
    env: process.stdout.isTTY ? process.env : { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1" },
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 1, output: `${command}: ${error.message}` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
