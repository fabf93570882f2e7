import { credentials, makeGenericClientConstructor, type ServiceDefinition, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCollector, type Collector } from "../lib/collector.ts";

let collector: Collector;

beforeAll(async () => {
  collector = await startCollector(`
exporters: { debug: { verbosity: basic } }
service: { pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }
`);
}, 30_000);

afterAll(async () => {
  expect(await collector.stop()).toBe(0);
});

const encode = (service: string): Buffer =>
  service === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
const method = (path: string, responseStream: boolean): ServiceDefinition[string] => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: encode,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: (bytes: Buffer) => bytes[1],
});
const Health = makeGenericClientConstructor(
  { check: method("/grpc.health.v1.Health/Check", false), watch: method("/grpc.health.v1.Health/Watch", true) },
  "Health",
);

it("tells @grpc/grpc-js that the services serve", async () => {
  const client = new Health(new URL(collector.grpc).host, credentials.createInsecure()) as unknown as {
    check(service: string, done: (error: ServiceError | null, status?: number) => void): void;
    watch(service: string): NodeJS.EventEmitter & { cancel(): void };
    close(): void;
  };
  const check = (service: string): Promise<string> =>
    new Promise((resolve) => client.check(service, (error, status) => resolve(error === null ? String(status) : error.message)));
  expect(await check("")).toBe("1");
  expect(await check("opentelemetry.proto.collector.trace.v1.TraceService")).toBe("1");
  expect(await check("no.such.Service")).toBe('5 NOT_FOUND: unknown service "no.such.Service"');
  const stream = client.watch("");
  stream.on("error", () => undefined);
  expect(await new Promise((resolve) => stream.once("data", resolve))).toBe(1);
  stream.cancel();
  client.close();
});
