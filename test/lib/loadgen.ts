// Sends OTLP requests as fast as they are answered, over HTTP or gRPC, and says what became of each. Runs in its own process:
//
//   node loadgen.ts --target http://127.0.0.1:4318 --protocol http|grpc [--signal traces] [--items 100] [--item-bytes 0]
//                   [--concurrency 8] [--seconds 5] [--sender 1]
//
// Prints one JSON object at the end: `LoadReport`. Each request is sent once; an answer that allows a retry counts as refused.
import { parseArgs } from "node:util";
import { seededRandom } from "@tidemark/core/testing";
import { grpcSender, httpSender } from "./otlp-senders.ts";
import { joinRanges, type ItemRange } from "./item-ranges.ts";
import { summaryOf, type LatencySummary } from "./latency.ts";
import { buildRequest, idOffsets, writeId, type Signal } from "./payload.ts";

/** What a load generator did. */
export interface LoadReport {
  /** Items that were acknowledged. */
  readonly acknowledged: number;
  /** Their sequence numbers. */
  readonly ranges: readonly ItemRange[];
  readonly requests: number;
  /** Requests that were answered with something else than success, by answer. */
  readonly refused: Readonly<Record<string, number>>;
  readonly bytesPerRequest: number;
  readonly seconds: number;
  /** Time from sending a request to its answer. */
  readonly latencyMs: LatencySummary;
}

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    protocol: { type: "string", default: "http" },
    signal: { type: "string", default: "traces" },
    items: { type: "string", default: "100" },
    "item-bytes": { type: "string", default: "0" },
    concurrency: { type: "string", default: "8" },
    seconds: { type: "string", default: "5" },
    sender: { type: "string", default: "1" },
  },
});
if (values.target === undefined) throw new Error("loadgen needs --target, such as http://127.0.0.1:4318");

const signal = values.signal as Signal;
const sender = Number(values.sender);
const items = Number(values.items);
const template = buildRequest({ signal, items, itemBytes: Number(values["item-bytes"]), random: seededRandom(sender) });
const offsets = idOffsets(template);
const connection =
  values.protocol === "grpc" ? grpcSender(values.target, signal) : httpSender(values.target, signal, Number(values.concurrency));

const ranges: ItemRange[] = [];
const refused: Record<string, number> = {};
const latencies: number[] = [];
let next = 0;

async function work(until: number): Promise<void> {
  const body = Buffer.from(template);
  while (performance.now() < until) {
    const from = next;
    next += items;
    for (const [index, offset] of offsets.entries()) writeId(body, offset, sender, from + index);
    const sent = performance.now();
    const refusal = await connection.send(body);
    latencies.push(performance.now() - sent);
    if (refusal === undefined) ranges.push([sender, from, from + items]);
    else refused[refusal.answer] = (refused[refusal.answer] ?? 0) + 1;
  }
}

const started = performance.now();
const until = started + Number(values.seconds) * 1000;
await Promise.all(Array.from({ length: Number(values.concurrency) }, () => work(until)));
const seconds = (performance.now() - started) / 1000;
connection.close();
const report: LoadReport = {
  acknowledged: ranges.length * items,
  ranges: joinRanges(ranges),
  requests: latencies.length,
  refused,
  bytesPerRequest: template.length,
  seconds: Number(seconds.toFixed(2)),
  latencyMs: summaryOf(latencies),
};
console.log(JSON.stringify(report));
