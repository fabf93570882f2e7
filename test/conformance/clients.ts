// Real clients against the real collector: SDKs, tools and the Go Collector. What is not here is skipped with its reason.
//   npm run conformance -- clients [--only TEXT]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "@tidemark/core";
import { startCollector } from "../lib/collector.ts";
import { ProtoTypes } from "../lib/proto-types.ts";
import { startScriptedBackend } from "../lib/scripted-backend.ts";
import { Skipped, type Client, type Stage } from "./clients/client.ts";
import { goCollector } from "./clients/go-collector.ts";
import { sdkClients } from "./clients/sdks.ts";
import { toolClients } from "./clients/tools.ts";

const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const CLIENTS: readonly Client[] = [...toolClients, ...sdkClients, goCollector];

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

async function openStage(): Promise<Stage & { close(): Promise<void> }> {
  const scratch = await mkdtemp(join(tmpdir(), "tidemark-clients-"));
  const proto = new ProtoTypes();
  const backend = await startScriptedBackend(proto);
  const sockets = { http: join(scratch, "http.sock"), grpc: join(scratch, "grpc.sock") };
  const unix = { http: { endpoint: sockets.http, transport: "unix" }, grpc: { endpoint: sockets.grpc, transport: "unix" } };
  const exporter = { endpoint: backend.grpc, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };
  const pipeline = { receivers: ["otlp", "otlp/unix"], exporters: ["otlp_grpc"] };
  const config = {
    receivers: { "otlp/unix": { protocols: unix } },
    exporters: { otlp_grpc: exporter },
    service: { pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline } },
  };
  const collector = await startCollector(JSON.stringify(config));
  let services = 0;
  return {
    proto,
    backend,
    collector,
    sockets,
    scratch,
    newService: () => `client-${(services += 1)}`,
    close: async () => {
      await collector.stop();
      await backend.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function tell(client: Client, stage: Stage, totals: Totals): Promise<void> {
  console.log(client.name);
  try {
    for (const { name, run } of await client.prepare()) {
      const fault = await run(stage).then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
      if (fault === undefined) totals.passed += 1;
      else totals.failed += 1;
      console.log(
        `  ${fault === undefined ? "pass" : "FAIL"}  ${name}${fault === undefined ? "" : `\n        ${fault.replaceAll("\n", "\n        ")}`}`,
      );
    }
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    totals.skipped += 1;
    console.log(`  skipped: ${error.message}`);
  }
}

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const stage = await openStage();
try {
  for (const client of CLIENTS) if (client.name.includes(values.only)) await tell(client, stage, totals);
} finally {
  await stage.close();
}
if (totals.skipped > 0) console.log(`\n${totals.skipped} of ${CLIENTS.length} clients skipped`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;
