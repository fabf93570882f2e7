// The demo behind `npm start`: the collector on pipelines/chat.yaml and a simulated chat service, both in their own processes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./paths.mjs";

const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 10_000;
const GUARD = new URL("end-with-parent.mjs", import.meta.url).href;

/** The ports of pipelines/chat.yaml, each with the environment variable that moves it. */
const PORTS = { OTLP_GRPC_PORT: 4317, OTLP_HTTP_PORT: 4318, HEALTH_PORT: 13133 };
const port = (variable) => Number(process.env[variable] || PORTS[variable]);

const inColour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (inColour ? `\x1b[${code}m${text}\x1b[0m` : text);

/** @type {Map<import("node:child_process").ChildProcess, Promise<unknown>>} each running child with its end */
const running = new Map();
const interrupted = new AbortController();
let stopped;

process.exitCode = await main();

async function main() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void stop());
  // Whatever goes wrong here, no child stays behind.
  process.on("exit", () => running.forEach((_, child) => child.kill("SIGKILL")));

  for (const variable of Object.keys(PORTS)) if (!(await isFree(variable))) return 1;
  showGuide();
  const collector = start("collector", "36", [
    "packages/collector/bin/tidemark.js",
    "run",
    "pipelines/chat.yaml",
    ...process.argv.slice(2),
  ]);
  if (!(await isReady(collector))) return !interrupted.signal.aborted ? fail("The collector did not become ready.") : stop();
  const truth = process.env.CHAT_TRUTH_FILE;
  const endpoint = `http://127.0.0.1:${port("OTLP_HTTP_PORT")}`;
  const service = start("chat", "35", [
    "packages/sdk/examples/chat-service.ts",
    "--endpoint",
    endpoint,
    ...(truth ? ["--truth", truth] : []),
  ]);
  const [first] = await Promise.race([collector, service].map(async (child) => [child, await running.get(child)]));
  return !interrupted.signal.aborted ? fail(`The ${first === collector ? "collector" : "chat service"} ended by itself.`) : stop();
}

/** Starts a child in its own process group, so that a Ctrl-C reaches it once and through `stop` only; shows its lines. */
function start(name, colour, args) {
  const child = spawn(process.execPath, ["--import", GUARD, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: process.platform !== "win32",
  });
  const prefix = paint(colour, `${name.padEnd(9)} │ `);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => console.log(prefix + highlight(line)));
  }
  console.log(`${prefix}started as process ${child.pid}`);
  const ended = once(child, "close").catch(() => undefined);
  running.set(child, ended);
  void ended.then(() => running.delete(child));
  return child;
}

function highlight(line) {
  if (line.includes("[FIRING]")) return paint("1;31", line);
  return line.includes("[RESOLVED]") ? paint("1;32", line) : line;
}

/** Stops all children, kindly first. Resolves with the exit code when none is left. */
function stop() {
  interrupted.abort();
  stopped ??= (async () => {
    console.log("\nStopping …");
    // The chat service first: its last telemetry still finds the collector.
    for (const [child, ended] of [...running].toReversed()) {
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
      await ended;
      clearTimeout(hard);
    }
    return 0;
  })();
  return stopped;
}

async function fail(message) {
  console.error(`${message} Its last lines are above.`);
  await stop();
  return 1;
}

async function isReady(collector) {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (running.has(collector) && !interrupted.signal.aborted && Date.now() < deadline) {
    const ready = await fetch(`http://127.0.0.1:${port("HEALTH_PORT")}/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return true;
    await sleep(100);
  }
  return false;
}

async function isFree(variable) {
  const server = createServer();
  try {
    server.listen(port(variable), "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch (error) {
    const taken = error.code === "EADDRINUSE" ? "is in use: stop the program that listens there" : `cannot be used (${error.message})`;
    console.error(
      `Port ${port(variable)} ${taken}, or choose another port, such as ${variable}=${(port(variable) % 50_000) + 10_000} npm start`,
    );
    return false;
  } finally {
    server.close();
  }
}

function showGuide() {
  console.log(`
${paint("1", "Tidemark: a chat service, its telemetry, and an alert with its evidence")}

  collector   pipelines/chat.yaml
              OTLP over HTTP  http://127.0.0.1:${port("OTLP_HTTP_PORT")}   (JSON or protobuf: POST /v1/traces, /v1/metrics, /v1/logs)
              OTLP over gRPC  127.0.0.1:${port("OTLP_GRPC_PORT")}
              health          http://127.0.0.1:${port("HEALTH_PORT")}
  chat        packages/sdk/examples/chat-service.ts, simulated, with the OpenTelemetry SDK

  After about 8 seconds deliveries to one room become slow for one kind of client. Within a few seconds more the collector
  shows an alert with the trace_id, room_id and user_agent behind it, and its end when the service has recovered.
  Ctrl-C stops everything.
`);
}
