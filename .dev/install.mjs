import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedNode, root } from "./paths.mjs";

const HEARTBEAT_MS = 5_000;
const stamp = join(root, "node_modules/.tidemark-install");

/** Installs the dependencies when they are missing or not those of the lock file. Resolves with whether all is well. */
export async function install() {
  const wanted = fingerprint();
  if (existsSync(stamp) && existsSync(pinnedNode()) && readFileSync(stamp, "utf8") === wanted) return true;
  console.log(`Installing dependencies${existsSync(pinnedNode()) ? "" : " (the first time: up to two minutes)"} …`);
  const started = Date.now();
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { code, output } = await pnpmInstall(packageManager, started);
  if (code !== 0) {
    console.error(`${output.trimEnd()}\n\nThe installation failed (exit code ${code}).`);
    console.error(`If a package.json was edited: run  npx -y ${packageManager} install  to renew the lock file.`);
    return false;
  }
  writeFileSync(stamp, wanted);
  console.log(`Dependencies ready after ${seconds(started)} s.\n`);
  return true;
}

/** A hash of everything that decides what is installed. */
function fingerprint() {
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}/package.json`);
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", "test/package.json", ...packages.sort()];
  const hash = createHash("sha256");
  for (const file of files) if (existsSync(join(root, file))) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function pnpmInstall(packageManager, started) {
  const args = ["-y", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"];
  const child = spawn("npx", args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    // Nobody can answer a question here.
    env: { ...process.env, CI: "true" },
  });
  let output = "";
  const collect = (chunk) => {
    output += chunk;
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const heartbeat = setInterval(() => console.log(`  ${seconds(started)} s  ${lastProgress(output)}`), HEARTBEAT_MS);
  return new Promise((resolve) => {
    const end = (code) => {
      clearInterval(heartbeat);
      resolve({ code, output });
    };
    child.on("error", (error) => {
      output += String(error);
      end(1);
    });
    child.on("close", end);
  });
}

function lastProgress(output) {
  const at = output.lastIndexOf("Progress: ");
  return at < 0 ? "fetching the package manager" : output.slice(at + 10).split("\n", 1)[0];
}

function seconds(started) {
  return Math.round((Date.now() - started) / 1000);
}
