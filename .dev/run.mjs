// The door to every script of the root package.json. It runs on any Node from 20 on: it makes sure that the dependencies
// (among them the pinned Node) are installed, then hands over to that Node.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { install } from "./install.mjs";
import { pinnedNode, root } from "./paths.mjs";

const [task = "", ...args] = process.argv.slice(2);

if (!(await install())) process.exit(1);

const script = task === "start" ? join(root, ".dev/start.mjs") : join(root, ".dev/task.ts");
const child = spawn(pinnedNode(), [script, ...(task === "start" ? [] : [task]), ...args], { cwd: root, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0)));
