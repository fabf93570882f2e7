import { equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startNode } from "../../lib/child.ts";
import { eventually } from "../../lib/eventually.ts";
import { TRANSPORTS, type Rule } from "../rule.ts";
import { Cell } from "../cell.ts";
import { startSubject } from "../subject.ts";

/** Rules about a whole process: each starts one of its own. */
export const processRules: readonly Rule[] = [
  {
    section: "OTLP/gRPC Concurrent Requests",
    rule: "at shutdown the client waits for pending acknowledgements, and the server answers what it has begun",
    side: "server",
    how: "SIGTERM while the back end holds a request: success for the client, one attempt, exit code 0",
    transports: TRANSPORTS,
    signals: ["traces"],
    check: drains,
  },
  {
    section: "OTLP/gRPC Default Port, OTLP/HTTP Default Port",
    rule: "the default ports are 4317 (gRPC) and 4318 (HTTP)",
    side: "server",
    how: "the JSON Schema of the configuration gives them as the defaults of `endpoint`",
    transports: TRANSPORTS,
    signals: ["traces"],
    check: async (cell) => {
      const child = startNode(["packages/collector/bin/tidemark.js", "schema"]);
      equal(await child.ended, 0);
      match(child.lines.join("\n"), new RegExp(`"localhost:${cell.isGrpc ? 4317 : 4318}"`));
    },
  },
];

async function drains({ transport }: Cell): Promise<void> {
  const subject = await startSubject();
  const gate = Promise.withResolvers<void>();
  try {
    const cell = new Cell(subject, transport, "traces");
    cell.script({ after: gate.promise });
    const answer = cell.send(cell.sample());
    // A request that fails ends the wait.
    await Promise.race([eventually("the request is at the back end", () => cell.attempts().length === 1, 5000), answer]);
    const stopped = subject.collector.stop();
    await sleep(100);
    gate.resolve();
    ok((await answer).success);
    equal(cell.attempts().length, 1);
    equal(await stopped, 0);
  } finally {
    gate.resolve();
    await subject.close();
  }
}
