import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { freePorts } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { startNode, type Child } from "../lib/child.ts";

/** A slow message, as the chat service itself noted it. */
interface Truth {
  readonly trace_id: string;
  readonly room_id: string;
  readonly user_agent: string;
}

const ALERT_WITHIN_MS = 30_000;

let demo: Child | undefined;
let folder: string | undefined;

afterEach(async () => {
  await demo?.stop("SIGINT");
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  demo = undefined;
});

async function startDemo(): Promise<{ child: Child; truthFile: string }> {
  folder = await mkdtemp(join(tmpdir(), "tidemark-demo-"));
  const truthFile = join(folder, "truth.jsonl");
  const [grpc = 0, http = 0, health = 0] = await freePorts(3);
  const ports = { OTLP_GRPC_PORT: `${grpc}`, OTLP_HTTP_PORT: `${http}`, HEALTH_PORT: `${health}` };
  demo = startNode([".dev/start.mjs"], { ...ports, CHAT_TRUTH_FILE: truthFile });
  return { child: demo, truthFile };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whatever stands after `key=` up to the next field or the end. */
function field(line: string, key: string): string | undefined {
  return new RegExp(`\\b${key}=(.*?)(?= \\||\\s+\\w+=|$)`).exec(line)?.[1];
}

describe("npm start", () => {
  it(
    "shows an alert with the trace, room and user agent of the fault, then its end, and leaves nothing behind",
    { timeout: 90_000 },
    async () => {
      const { child, truthFile } = await startDemo();
      const fired = stripVTControlCharacters(await child.line(/\[FIRING\]/, ALERT_WITHIN_MS));
      expect(fired).toContain("service=chat-service metric=chat.message.delivery.duration");
      const [value, threshold] = ["value", "threshold"].map((key) => Number.parseFloat(field(fired, key) ?? ""));
      expect(value).toBeGreaterThan(threshold ?? Number.NaN);
      expect(threshold).toBeGreaterThan(0);

      const shown = { trace_id: field(fired, "trace_id"), room_id: field(fired, "room_id"), user_agent: field(fired, "user_agent") };
      const truth = (await readFile(truthFile, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Truth);
      expect(truth).toContainEqual(shown);
      expect(child.lines.some((line) => line.includes(`fault starts: deliveries to room_id=${shown.room_id}`))).toBe(true);

      await child.line(/\[RESOLVED\].*MessageDeliverySlow/, 40_000);
      expect(child.lines.filter((line) => line.includes("[FIRING]"))).toHaveLength(1);

      const pids = child.lines.flatMap((line) => /started as process (\d+)/.exec(line)?.[1] ?? []).map(Number);
      expect(pids.map(isAlive)).toEqual([true, true]);
      expect(await child.stop("SIGINT")).toBe(0);
      expect(pids.map(isAlive)).toEqual([false, false]);
    },
  );

  it("says which port is taken, and how to choose another", async () => {
    const [port = 0] = await freePorts(1);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    try {
      demo = startNode([".dev/start.mjs"], { OTLP_GRPC_PORT: `${port}` });
      expect(await demo.ended).toBe(1);
      expect(demo.lines).toEqual([
        `Port ${port} is in use: stop the program that listens there, or choose another port, such as OTLP_GRPC_PORT=${(port % 50_000) + 10_000} npm start`,
      ]);
    } finally {
      server.close();
    }
  });
});
