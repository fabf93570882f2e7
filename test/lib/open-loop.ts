// Sends OTLP requests at fixed times, whether or not earlier ones were answered, as a crowd of services does. Runs in its own process:
//
//   node open-loop.ts --target http://127.0.0.1:4318 --protocol http|grpc --phases RATE:SECONDS[,RATE:SECONDS…]
//                     [--signal traces] [--items 100] [--item-bytes 700] [--sender 1] [--connections 32] [--max-open 2000]
//
// RATE is items a second. Prints a JSON line `LoadSample` every 250 ms and `OpenLoopReport` as the last line. A request is sent
// once, refused or not. Over --max-open unanswered requests it sends no more and counts them as unsent: the far side has stalled.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { seededRandom } from "@tidemark/core/testing";
import { joinRanges, type ItemRange } from "./item-ranges.ts";
import { summaryOf, type LatencySummary } from "./latency.ts";
import { grpcSender, httpSender, type OtlpSender, type Refusal } from "./otlp-senders.ts";
import { buildRequest, idOffsets, writeId, type Signal } from "./payload.ts";

/** What happened in one interval, in requests. */
export interface LoadSample {
  /** End of the interval, in ms since the start. */
  readonly at: number;
  readonly phase: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Not answered yet at the end of the interval. */
  readonly open: number;
}

/** What became of all requests of one phase. */
export interface PhaseReport {
  readonly sent: number;
  readonly unsent: number;
  readonly acknowledged: number;
  /** By answer. */
  readonly refused: Readonly<Record<string, number>>;
  /** Refusals that OTLP does not let a client send again, and those that did not say when. */
  readonly notRetryable: number;
  readonly withoutTime: number;
  /** Time from the planned moment of sending to the answer, of acknowledged requests. */
  readonly latencyMs: LatencySummary;
}

/** The last line. */
export interface OpenLoopReport {
  readonly phases: readonly PhaseReport[];
  readonly ranges: readonly ItemRange[];
  readonly bytesPerRequest: number;
}

const SAMPLE_MS = 250;
const ANSWERS_DEADLINE_MS = 30_000;

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "http://127.0.0.1:4318" },
    protocol: { type: "string", default: "http" },
    phases: { type: "string", default: "10000:10" },
    signal: { type: "string", default: "traces" },
    items: { type: "string", default: "100" },
    "item-bytes": { type: "string", default: "700" },
    sender: { type: "string", default: "1" },
    connections: { type: "string", default: "32" },
    "max-open": { type: "string", default: "2000" },
  },
});
const signal = values.signal as Signal;
const items = Number(values.items);
const sender = Number(values.sender);
const maxOpen = Number(values["max-open"]);
const template = buildRequest({ signal, items, itemBytes: Number(values["item-bytes"]), random: seededRandom(sender) });
const offsets = idOffsets(template);
const connections = connect(values.target, Number(values.connections));
const spare: Buffer[] = [];
const ranges: ItemRange[] = [];
const now = { sent: 0, acknowledged: 0, refused: 0, open: 0 };
let next = 0;

class Phase {
  readonly latencies: number[] = [];
  readonly refused: Record<string, number> = {};
  sent = 0;
  unsent = 0;
  notRetryable = 0;
  withoutTime = 0;

  refuse({ answer, retryable, saysWhen }: Refusal): void {
    this.refused[answer] = (this.refused[answer] ?? 0) + 1;
    if (!retryable) this.notRetryable += 1;
    if (!saysWhen) this.withoutTime += 1;
  }

  report(): PhaseReport {
    const { sent, unsent, latencies, refused, notRetryable, withoutTime } = this;
    return { sent, unsent, acknowledged: latencies.length, refused, notRetryable, withoutTime, latencyMs: summaryOf(latencies) };
  }
}

function connect(target: string, count: number): OtlpSender[] {
  if (values.protocol === "http") return [httpSender(target, signal, count)];
  return Array.from({ length: count }, () => grpcSender(target, signal));
}

async function send(phase: Phase, planned: number): Promise<void> {
  const connection = connections[(next / items) % connections.length];
  if (connection === undefined) return;
  const body = spare.pop() ?? Buffer.from(template);
  const from = next;
  next += items;
  for (const [index, offset] of offsets.entries()) writeId(body, offset, sender, from + index);
  phase.sent += 1;
  now.sent += 1;
  now.open += 1;
  const refusal = await connection.send(body);
  now.open -= 1;
  if (refusal === undefined) {
    now.acknowledged += 1;
    phase.latencies.push(performance.now() - planned);
    ranges.push([sender, from, from + items]);
    spare.push(body); // the bytes of a refused request may still be on their way
  } else {
    now.refused += 1;
    phase.refuse(refusal);
  }
}

async function run(phase: Phase, itemsPerSecond: number, seconds: number): Promise<void> {
  const start = performance.now();
  const gap = (1000 * items) / itemsPerSecond;
  const requests = Math.round((seconds * 1000) / gap);
  for (let planned = 0; planned < requests; await sleep(1)) {
    for (const due = performance.now(); planned < requests && start + planned * gap <= due; planned += 1) {
      if (now.open < maxOpen) void send(phase, start + planned * gap);
      else phase.unsent += 1;
    }
  }
}

const phases: Phase[] = [];
const started = performance.now();
const sampler = setInterval(() => {
  const sample: LoadSample = { at: Math.round(performance.now() - started), phase: phases.length - 1, ...now };
  console.log(JSON.stringify(sample));
  now.sent = now.acknowledged = now.refused = 0;
}, SAMPLE_MS);
for (const [rate, seconds] of values.phases.split(",").map((phase) => phase.split(":").map(Number))) {
  const phase = new Phase();
  phases.push(phase);
  await run(phase, rate ?? 0, seconds ?? 0);
}
for (const deadline = performance.now() + ANSWERS_DEADLINE_MS; now.open > 0 && performance.now() < deadline;) await sleep(10);
clearInterval(sampler);
for (const connection of connections) connection.close();
const report: OpenLoopReport = {
  phases: phases.map((phase) => phase.report()),
  ranges: joinRanges(ranges),
  bytesPerRequest: template.length,
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
