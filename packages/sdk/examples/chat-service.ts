// A simulated chat service: several rooms and clients, one span per message and hop, one latency histogram. Eight seconds
// after its start, deliveries to one room through one client become slow; twelve seconds later they recover. Meanwhile the service
// says over HTTP that it is DEGRADED.
//
//   node chat-service.ts --endpoint http://localhost:4318 [--health-port 8080] [--truth FILE]
//
// `--truth` writes the trace id of every slow message to FILE, one JSON object a line.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { metrics, trace } from "@opentelemetry/api";
import { createHealth, startTelemetry, withRoom } from "@tidemark/sdk";
import { FAULT, nextMessage, seededRandom } from "./chat-traffic.ts";
import type { ChatMessage } from "./chat-traffic.ts";

const MESSAGE_INTERVAL_MS = 10;
const SEED = 7;

/** Seconds from sender to receiver. */
const SLOW_DELIVERY = 0.1;

const { values } = parseArgs({
  options: {
    endpoint: { type: "string", default: "http://localhost:4318" },
    "health-port": { type: "string", default: "0" },
    truth: { type: "string" },
  },
});

const telemetry = startTelemetry({ serviceName: "chat-service", endpoint: values.endpoint, metricIntervalMs: 1000 });
const tracer = trace.getTracer("chat-service");
const meter = metrics.getMeter("chat-service");
const duration = meter.createHistogram("chat.message.delivery.duration", {
  unit: "s",
  description: "Time a message spends on a hop between sender and receiver",
  advice: { explicitBucketBoundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] },
});

/** Since the latest health check. */
let deliveries = { all: 0, slow: 0 };

const health = createHealth({ service: "chat-service" });
health.registerSampledCheck({
  name: "slow_deliveries_share",
  intervalMs: 1000,
  threshold: { above: 0.05, recovery: 0.02 },
  sample: () => {
    const { all, slow } = deliveries;
    deliveries = { all: 0, slow: 0 };
    return all === 0 ? undefined : slow / all;
  },
});
const healthServer = createServer(health.handler).listen(Number(values["health-port"]), "127.0.0.1", () =>
  console.log(`health is at http://127.0.0.1:${(healthServer.address() as AddressInfo).port}/`),
);

function deliver(message: ChatMessage): void {
  const total = message.hops.reduce((sum, [, seconds]) => sum + seconds, 0);
  deliveries.all += 1;
  if (total > SLOW_DELIVERY) deliveries.slow += 1;
  let at = Date.now() - total * 1000;
  tracer.startActiveSpan("chat.message", { startTime: at }, (span) => {
    for (const [hop, seconds] of message.hops) {
      tracer.startActiveSpan(`chat.${hop}`, { startTime: at, attributes: { "chat.hop": hop } }, (hopSpan) => {
        duration.record(seconds, { "chat.hop": hop });
        at += seconds * 1000;
        hopSpan.end(at);
      });
    }
    span.end(at);
    if (message.slow && values.truth !== undefined) {
      const { roomId, userAgent } = message;
      appendFileSync(values.truth, `${JSON.stringify({ trace_id: span.spanContext().traceId, room_id: roomId, user_agent: userAgent })}\n`);
    }
  });
}

const random = seededRandom(SEED);
const started = performance.now();
const ticker = setInterval(() => {
  const message = nextMessage(performance.now() - started, random);
  withRoom(message, () => deliver(message));
}, MESSAGE_INTERVAL_MS);

const timers = [
  setTimeout(
    () =>
      console.log(
        `fault starts: deliveries to room_id=${FAULT.roomId} for user_agent="${FAULT.userAgent}" take ${FAULT.factor} times as long`,
      ),
    FAULT.startMs,
  ),
  setTimeout(() => console.log("fault ends: deliveries are as fast as before"), FAULT.endMs),
];
console.log(`sending ${1000 / MESSAGE_INTERVAL_MS} messages a second in 4 rooms from 3 kinds of clients`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    clearInterval(ticker);
    for (const timer of timers) clearTimeout(timer);
    health.shutdown();
    healthServer.close();
    healthServer.closeAllConnections();
    void telemetry.shutdown().catch((error: unknown) => console.error(`last telemetry could not be sent: ${String(error)}`));
  });
}
