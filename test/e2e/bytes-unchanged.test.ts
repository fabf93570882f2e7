import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { seededRandom } from "@tidemark/core/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkedRequest, startCheckedItems, type CheckedItems } from "../lib/checked-items.ts";
import { startCollector, type Collector } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import { grpcFrame, grpcPath } from "../lib/grpc.ts";
import { openConnection, type Connection, type Transport } from "../lib/otlp-client.ts";
import { pick } from "../lib/random.ts";

const SEED = 20_261_121;
const POISON = fileURLToPath(new URL("../lib/poison-released.ts", import.meta.url));
const WAYS = ["sent at once", "edited, joined, cut and queued", "packed", "sent to two"] as const;
const CLIENTS = 6;
const REQUESTS = 40;
/** A client of gRPC never has more of a large body on its way. */
const SMALL_WINDOW = 20_000;

const random = seededRandom(SEED);
const ports = new Map<string, number>();
let backend: CheckedItems;
let collector: Collector;

beforeAll(async () => {
  backend = await startCheckedItems(random, SMALL_WINDOW);
  collector = await startCollector({ ports: WAYS.length, write: writeYaml }, [], { NODE_OPTIONS: `--import=${POISON}` });
}, 40_000);

afterAll(() => backend.close());

/** A receiver, a pipeline and exporters of its own for each way: what two pipelines get is not given back at all. */
function writeYaml(free: readonly number[]): string {
  for (const [index, way] of WAYS.entries()) ports.set(way, free[index] ?? 0);
  const http = `endpoint: "http://127.0.0.1:${backend.httpPort}", compression: none`;
  const grpc = `endpoint: "127.0.0.1:${backend.grpcPort}", tls: { insecure: true }`;
  const retry = "timeout: 5s, retry_on_failure: { initial_interval: 10ms, max_interval: 50ms, circuit_breaker: { enabled: false } }";
  const queue = "sending_queue: { sizer: items, queue_size: 10000, block_on_overflow: true }";
  return `
receivers:
${free.map((port, index) => `  otlp/${index}: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }`).join("\n")}
processors:
  attributes: { actions: [{ key: copy, from_attribute: id, action: insert }] }
  batch: { timeout: 10ms, send_batch_size: 8, send_batch_max_size: 8 }
exporters:
  otlp_http/0: { ${http}, ${retry}, sending_queue: { enabled: false } }
  otlp_grpc/0: { ${grpc}, compression: none, ${retry}, sending_queue: { enabled: false } }
  otlp_grpc/1: { ${grpc}, compression: none, ${retry}, ${queue} }
  otlp_grpc/2: { ${grpc}, compression: gzip, ${retry}, sending_queue: { enabled: false } }
  otlp_http/3: { ${http}, ${retry}, ${queue} }
  otlp_grpc/3: { ${grpc}, compression: none, ${retry}, ${queue} }
service:
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_http/0] }
    logs/0: { receivers: [otlp/0], exporters: [otlp_grpc/0] }
    logs/1: { receivers: [otlp/1], processors: [attributes, batch], exporters: [otlp_grpc/1] }
    logs/2: { receivers: [otlp/2], exporters: [otlp_grpc/2] }
    logs/3: { receivers: [otlp/3], exporters: [otlp_http/3, otlp_grpc/3] }
`;
}

/** Sends requests one after the other, some of them packed; gives the names of the items that were taken. */
async function client(
  name: string,
  ways: readonly [string, ...string[]],
  transports: readonly [Transport, ...Transport[]],
): Promise<readonly string[]> {
  const transport = pick(random, transports);
  const connections = new Map<string, Connection>();
  const taken: string[] = [];
  for (let at = 0; at < REQUESTS; at += 1) {
    const target = transport === "grpc" ? collector.grpc : `http://127.0.0.1:${ports.get(pick(random, ways))}`;
    const connection = connections.get(target) ?? openConnection(transport, target);
    connections.set(target, connection);
    const { body, ids } = checkedRequest(random, `${name}-${at}`);
    const isPacked = random() < 0.25;
    const packed = isPacked ? gzipSync(body, { level: 1 }) : body;
    const answer = await connection.ask(
      transport === "grpc"
        ? {
            method: "POST",
            path: grpcPath("logs"),
            headers: { "content-type": "application/grpc", te: "trailers", ...(isPacked ? { "grpc-encoding": "gzip" } : {}) },
            body: grpcFrame(packed, isPacked),
          }
        : {
            method: "POST",
            path: "/v1/logs",
            headers: { "content-type": "application/x-protobuf", ...(isPacked ? { "content-encoding": "gzip" } : {}) },
            body: packed,
          },
    );
    const isTaken = transport === "grpc" ? answer.headers["grpc-status"] === "0" : answer.status === 200;
    if (isTaken) taken.push(...ids);
  }
  for (const connection of connections.values()) connection.close();
  return taken;
}

async function load(
  name: string,
  ways: readonly [string, ...string[]],
  transports: readonly [Transport, ...Transport[]],
): Promise<readonly string[]> {
  const clients = Array.from({ length: CLIENTS }, (_, index) => client(`${name}-${index}`, ways, transports));
  return (await Promise.all(clients)).flat();
}

it("what arrives is what was sent, though the memory of what was sent is overwritten at once", async () => {
  backend.treat(["well", "well", "slowly", "early refusal", "cut off"]);
  const taken = await load("honest", [...WAYS, WAYS[1], WAYS[1]], ["http/1.1", "http/2", "grpc"]);
  await eventually("everything that was taken", () => taken.every((id) => backend.seen.has(id)));
  backend.treat(["well", "early success"]);
  await load("hasty", ["sent at once"], ["http/1.1", "http/2"]);
  expect(backend.broken, `seed ${SEED}`).toEqual([]);
  expect(taken.length).toBeGreaterThan(CLIENTS * REQUESTS);
  expect(await collector.stop()).toBe(0);
  const poisoned = collector.child.lines.map((line) => Number(/^poisoned (\d+)/.exec(line)?.[1] ?? 0));
  expect(Math.max(...poisoned)).toBeGreaterThan(CLIENTS * REQUESTS);
});
