import { seededRandom } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { startCollector, type Collector } from "../lib/collector.ts";
import { httpSender } from "../lib/otlp-senders.ts";
import { buildRequest, idOffsets, ITEM_ID, writeId } from "../lib/payload.ts";
import { startReferenceServer, type ReferenceServer } from "../lib/reference-server.ts";

const REQUESTS = 120;
const ITEMS = 10;
const SENDERS = 4;

let backends: ReferenceServer[] = [];
let collector: Collector | undefined;
afterEach(async () => {
  await collector?.stop();
  await Promise.all(backends.map((backend) => backend.close()));
  backends = [];
});

/** Sends requests with `SENDERS` at a time; calls `midway` when half of them are answered. Resolves with the refusals. */
async function sendAll(target: string, midway: () => Promise<void>): Promise<string[]> {
  const sender = httpSender(target, "traces", SENDERS);
  const refusals: string[] = [];
  const random = seededRandom(5);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let request = next++; request < REQUESTS; request = next++) {
      if (request === REQUESTS / 2) await midway();
      const body = buildRequest({ signal: "traces", items: ITEMS, random });
      idOffsets(body).forEach((offset, index) => writeId(body, offset, request, index));
      const refusal = await sender.send(body);
      if (refusal !== undefined) refusals.push(refusal.answer);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, work));
  sender.close();
  return refusals;
}

const idsAt = (backend: ReferenceServer): unknown[] => backend.spans.map(({ attributes }) => attributes[ITEM_ID]);

describe("a collector with two back ends that share no code with it", () => {
  it.each([
    ["otlp_grpc", "deflate"],
    ["otlp_grpc", "gzip"],
    ["otlp_http", "gzip"],
  ])(
    "%s with %s: one back end dies under load; nothing is lost, nobody is refused, and only what was under way is doubled",
    async (exporter, compression) => {
      backends = [await startReferenceServer(), await startReferenceServer()];
      const [dying, staying] = backends as [ReferenceServer, ReferenceServer];
      const endpoints = backends.map(({ grpcPort, httpPort }) =>
        exporter === "otlp_grpc" ? `http://127.0.0.1:${grpcPort}` : `http://127.0.0.1:${httpPort}`,
      );
      collector = await startCollector(`
exporters:
  ${exporter}: { endpoints: ${JSON.stringify(endpoints)}, compression: ${compression}, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }
service: { pipelines: { traces: { receivers: [otlp], exporters: [${exporter}] } } }
`);
      let before = 0;
      const refusals = await sendAll(collector.http, async () => {
        before = dying.spans.length;
        await dying.close();
      });
      expect(refusals).toEqual([]);
      const ids = backends.flatMap(idsAt);
      expect(new Set(ids).size).toBe(REQUESTS * ITEMS);
      expect(ids.length - REQUESTS * ITEMS).toBeLessThanOrEqual(SENDERS * ITEMS);
      // By turns while both were there.
      expect(before).toBeGreaterThan((REQUESTS / 2 - SENDERS) * ITEMS * 0.4);
      expect(staying.spans.length).toBeGreaterThan((REQUESTS / 2) * ITEMS * 1.3);
    },
  );
});
