// The whole collector in its own process, between a load generator and a back end in theirs: is anything lost or doubled, how
// long does an answer take, how much memory is in use?   npm run bench process [-- --seconds 5]
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { startNode, type Child } from "../lib/child.ts";
import { residentMiB } from "../lib/process-tree.ts";
import { startCollector } from "../lib/collector.ts";
import type { LoadReport } from "../lib/loadgen.ts";
import { missingAt, statsOf } from "../lib/sink-client.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "4" } } });
const ARRIVAL_DEADLINE_MS = 10_000;

interface Row {
  readonly protocol: "http" | "grpc";
  readonly items: number;
}

const ROWS: readonly Row[] = (["http", "grpc"] as const).flatMap((protocol) => [100, 1000].map((items) => ({ protocol, items })));

function pipeline(protocol: Row["protocol"], target: string): string {
  const exporter = protocol === "http" ? "otlp_http" : "otlp_grpc";
  return `
processors:
  probabilistic_sampler: { sampling_percentage: 100 }
  batch: { send_batch_size: 8192, timeout: 200ms }
exporters:
  ${exporter}: { endpoint: "${target}", compression: none, tls: { insecure: true } }
service:
  pipelines:
    traces: { receivers: [otlp], processors: [probabilistic_sampler, batch], exporters: [${exporter}] }
`;
}

async function measure({ protocol, items }: Row): Promise<boolean> {
  const sink = startNode(["test/lib/sink.ts"]);
  const ports = JSON.parse(await sink.line(/^\{/)) as Record<Row["protocol"], number>;
  const sinkAddress = `http://127.0.0.1:${ports.http}`;
  const collector = await startCollector(pipeline(protocol, `http://127.0.0.1:${ports[protocol]}`));
  try {
    const target = collector[protocol];
    const args = ["--target", target, "--protocol", protocol, "--items", String(items), "--item-bytes", "700", "--seconds", values.seconds];
    const load = startNode(["test/lib/loadgen.ts", ...args]);
    const peak = watchMemory(collector.child, load.ended);
    const code = await load.ended;
    const report = JSON.parse(load.lines.at(-1) ?? "null") as LoadReport;
    if (code !== 0) throw new Error(`the load generator ended with code ${code}\n${load.lines.join("\n")}`);
    await arrival(sinkAddress, report);
    const exitCode = await collector.stop();
    const lost = await missingAt(sinkAddress, report.ranges);
    const { doubled } = await statsOf(sinkAddress);
    const good = lost === 0 && doubled === 0 && exitCode === 0 && report.acknowledged > 0;
    show({ protocol, items }, report, { lost, doubled, exitCode, rss: await peak, good });
    return good;
  } finally {
    await collector.stop();
    await sink.stop();
  }
}

interface Findings {
  readonly lost: number;
  readonly doubled: number;
  readonly exitCode: number | null;
  readonly rss: number | undefined;
  readonly good: boolean;
}

function show({ protocol, items }: Row, report: LoadReport, { lost, doubled, exitCode, rss, good }: Findings): void {
  const { latencyMs, acknowledged, seconds } = report;
  const refused = Object.entries(report.refused).map(([answer, times]) => `, ${times} × ${answer}`);
  const memory = rss === undefined ? "RSS unknown" : `RSS ${rss.toFixed(0)} MiB`;
  console.log(
    `${protocol.padEnd(4)} ${String(items).padStart(4)} spans/request  ${Math.round(acknowledged / seconds / 1000)} k spans/s  p50 ${latencyMs.p50} ms  p99 ${latencyMs.p99} ms  ` +
      `${memory}  acknowledged ${acknowledged}  lost ${lost}  doubled ${doubled}${refused.join("")}${exitCode === 0 ? "" : `, exit code ${exitCode}`}  ${good ? "PASS" : "FAILED"}`,
  );
}

/** What a sending queue accepted may still be on its way. */
async function arrival(sinkAddress: string, report: LoadReport): Promise<void> {
  const deadline = Date.now() + ARRIVAL_DEADLINE_MS;
  while (Date.now() < deadline && (await missingAt(sinkAddress, report.ranges)) > 0) await sleep(200);
}

async function watchMemory(child: Child, until: Promise<unknown>): Promise<number | undefined> {
  let peak: number | undefined;
  const running = until.then(() => false);
  do {
    const now = residentMiB(child.process.pid);
    if (now !== undefined) peak = Math.max(peak ?? 0, now);
  } while (await Promise.race([running, sleep(200, true)]));
  return peak;
}

let failed = 0;
for (const row of ROWS) if (!(await measure(row))) failed += 1;
process.exitCode = failed === 0 ? 0 : 1;
