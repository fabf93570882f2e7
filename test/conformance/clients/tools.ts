import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { grpcFrame, grpcPath } from "../../lib/grpc.ts";
import type { Signal } from "../../lib/payload.ts";
import { DATA_TYPES } from "../../lib/proto-types.ts";
import { everyField, sample, toReference } from "../samples.ts";
import { cacheFolder, installing, installOnce, mustRun, needs, type Client, type ClientRow, type Stage } from "./client.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const GRPCURL = "v1.9.3";
const PROTO_FOLDER = new URL("../../../packages/otlp/src/testdata/proto/", import.meta.url);
const SERVICES: Readonly<Record<Signal, readonly [pkg: string, service: string, response: string]>> = {
  traces: ["trace", "TraceService", "ExportTraceServiceResponse"],
  metrics: ["metrics", "MetricsService", "ExportMetricsServiceResponse"],
  logs: ["logs", "LogsService", "ExportLogsServiceResponse"],
};

/** curl: protobuf and JSON, with gzip and without, over HTTP/1.1, HTTP/2 and a Unix socket. */
const curl: Client = {
  name: "curl",
  prepare: async () => {
    await needs("curl");
    const ways: readonly (readonly [name: string, flags: (stage: Stage) => string[]])[] = [
      ["HTTP/1.1", () => ["--http1.1"]],
      ["HTTP/2", () => ["--http2-prior-knowledge"]],
      ["a Unix socket", ({ sockets }) => ["--unix-socket", sockets.http]],
    ];
    return ways.flatMap(([way, flags]) =>
      (["protobuf", "json"] as const).flatMap((encoding) =>
        ["none", "gzip"].map((compression) => ({
          name: `${encoding} over ${way}, ${compression}`,
          run: async (stage: Stage) => {
            for (const signal of SIGNALS) await curlOnce(stage, signal, encoding, compression, flags(stage));
          },
        })),
      ),
    );
  },
};

async function curlOnce(
  stage: Stage,
  signal: Signal,
  encoding: "protobuf" | "json",
  compression: string,
  flags: readonly string[],
): Promise<void> {
  const { proto, backend, collector, scratch } = stage;
  const service = stage.newService();
  const data = everyField(signal, service);
  const bytes = proto.encode(DATA_TYPES[signal], toReference(data));
  const plain = encoding === "json" ? Buffer.from(JSON.stringify(data)) : bytes;
  const file = join(scratch, `${service}.body`);
  await writeFile(file, compression === "gzip" ? gzipSync(plain) : plain);
  const type = encoding === "json" ? "application/json" : "application/x-protobuf";
  const headers = ["-H", `content-type: ${type}`, ...(compression === "gzip" ? ["-H", "content-encoding: gzip"] : [])];
  const output = await mustRun("curl", [
    "-s",
    "-S",
    ...flags,
    ...headers,
    "--data-binary",
    `@${file}`,
    "-w",
    "\n%{http_code} %{content_type}",
    `${collector.http}/v1/${signal}`,
  ]);
  equal(output.split("\n").at(-1), `200 ${type}`);
  const arrived = backend.attempts(service).map((attempt) => attempt.data);
  deepEqual(arrived, [proto.decode(DATA_TYPES[signal], bytes)]);
}

/** grpcurl, which is grpc-go: Export of each signal, health, and a service that is not there. */
const grpcurl: Client = {
  name: `grpcurl ${GRPCURL}`,
  prepare: async () => {
    await needs("go");
    const folder = cacheFolder("grpcurl");
    const install = ["install", `github.com/fullstorydev/grpcurl/cmd/grpcurl@${GRPCURL}`];
    await installOnce(folder, GRPCURL, () => mustRun("env", [`GOBIN=${folder}`, "go", ...install], installing(folder)));
    await writeProtos(folder);
    const call = async (stage: Stage, options: readonly string[], method: string, proto: string, unix = false): Promise<string> => {
      const target = unix ? `unix://${stage.sockets.grpc}` : new URL(stage.collector.grpc).host;
      return mustRun(join(folder, "grpcurl"), ["-plaintext", "-import-path", folder, "-proto", proto, ...options, target, method]);
    };
    const rows: ClientRow[] = [false, true].map((unix) => ({
      name: `Export of traces, metrics, logs${unix ? " over a Unix socket" : ""}`,
      run: async (stage) => {
        for (const signal of SIGNALS) {
          const service = stage.newService();
          const data = toReference(everyField(signal, service));
          const [pkg, name] = SERVICES[signal];
          const answer = await call(
            stage,
            ["-d", JSON.stringify(data)],
            `opentelemetry.proto.collector.${pkg}.v1.${name}/Export`,
            `${signal}-service.proto`,
            unix,
          );
          deepEqual(JSON.parse(answer), {});
          const bytes = stage.proto.encode(DATA_TYPES[signal], data);
          deepEqual(
            stage.backend.attempts(service).map((attempt) => attempt.data),
            [stage.proto.decode(DATA_TYPES[signal], bytes)],
          );
        }
      },
    }));
    return [
      ...rows,
      {
        name: "grpc.health.v1 Check",
        run: async (stage) => match(await call(stage, [], "grpc.health.v1.Health/Check", "health.proto"), /"SERVING"/),
      },
    ];
  },
};

/** grpcurl wants each service in a file that imports its messages; ours have neither packages of their own nor imports. */
async function writeProtos(folder: string): Promise<void> {
  const messages = ["common", "trace", "metrics", "logs", "service"]
    .map((name) => readFileSync(new URL(`${name}.proto`, PROTO_FOLDER), "utf8"))
    .join("\n")
    .replace(/^(syntax|package|import) .*$/gm, "");
  await writeFile(join(folder, "messages.proto"), `syntax = "proto3";\npackage otlp;\n${messages}`);
  for (const signal of SIGNALS) {
    const [pkg, service, response] = SERVICES[signal];
    const rpc = `service ${service} { rpc Export(${DATA_TYPES[signal]}) returns (otlp.${response}); }`;
    const head = `syntax = "proto3";\npackage opentelemetry.proto.collector.${pkg}.v1;\nimport "messages.proto";\n`;
    // Names are looked up from the inside out: in this package, "otlp" would not be found otherwise.
    await writeFile(join(folder, `${signal}-service.proto`), `${head}${rpc.replaceAll("otlp.", ".otlp.")}\n`);
  }
  await writeFile(
    join(folder, "health.proto"),
    `syntax = "proto3";\npackage grpc.health.v1;\nmessage HealthCheckRequest { string service = 1; }
message HealthCheckResponse { enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; } ServingStatus status = 1; }
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }\n`,
  );
}

const H2LOAD_REQUESTS = 500;

/** h2load (nghttp2): many requests at a time on few connections. */
const h2load: Client = {
  name: "h2load",
  prepare: async () => {
    await needs("h2load", "h2load (Debian package nghttp2-client)");
    return (["HTTP/1.1", "HTTP/2", "gRPC"] as const).map((way) => ({
      name: `${H2LOAD_REQUESTS} requests over ${way}`,
      run: async (stage: Stage) => {
        for (const signal of SIGNALS) {
          const service = stage.newService();
          const body = stage.proto.encode(DATA_TYPES[signal], toReference(sample(signal, service, 10)));
          const file = join(stage.scratch, `${service}.body`);
          await writeFile(file, way === "gRPC" ? grpcFrame(body) : body);
          const url = way === "gRPC" ? `${stage.collector.grpc}${grpcPath(signal)}` : `${stage.collector.http}/v1/${signal}`;
          const headers =
            way === "gRPC"
              ? ["-H", "content-type: application/grpc", "-H", "te: trailers"]
              : ["-H", "content-type: application/x-protobuf"];
          const shape = way === "HTTP/1.1" ? ["--h1", "-c", "8"] : ["-c", "4", "-m", "25"];
          const output = await mustRun("h2load", ["-n", String(H2LOAD_REQUESTS), ...shape, ...headers, "-d", file, url]);
          ok(output.includes(`${H2LOAD_REQUESTS} succeeded, 0 failed`), /requests: .*/.exec(output)?.[0]);
          match(output, new RegExp(`status codes: ${H2LOAD_REQUESTS} 2xx`));
          equal(stage.backend.attempts(service).length, H2LOAD_REQUESTS);
        }
      },
    }));
  },
};

/** Tools of the command line. */
export const toolClients: readonly Client[] = [curl, grpcurl, h2load];
