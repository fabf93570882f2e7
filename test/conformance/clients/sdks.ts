import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, installing, installOnce, mustRun, needs, type Client, type ClientRow, type Stage } from "./client.ts";
import { expectAllItems } from "./items.ts";

/** The OpenTelemetry SDK of a language, with a program of `programs/` that sends through it. */
interface Sdk {
  readonly language: string;
  readonly program: string;
  readonly toolchain: string;
  /** Names what is installed. */
  readonly version: string;
  readonly protocols: readonly string[];
  install(folder: string): Promise<unknown>;
  /** Command and arguments up to the program itself. */
  command(folder: string): readonly [string, ...string[]];
  /** Whether it wants endpoints without their scheme. */
  readonly bareEndpoint?: boolean;
}

const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

const JAVASCRIPT = ["api@1.10.0", "resources@3.1.0", "sdk-trace@3.1.0", "sdk-metrics@3.1.0", "sdk-logs@3.1.0"];
const JAVASCRIPT_EXPORTERS = ["trace", "metrics", "logs"].flatMap((signal) =>
  ["grpc", "http", "proto"].map((form) => `exporter-${signal}-otlp-${form}@0.301.0`),
);
const PYTHON = ["opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-grpc", "opentelemetry-exporter-otlp-proto-http"];
const GO = ["trace/otlptracegrpc", "trace/otlptracehttp", "metric/otlpmetricgrpc", "metric/otlpmetrichttp"].map(
  (name) => `exporters/otlp/otlp${name}@v1.44.0`,
);
const GO_LOGS = [
  "exporters/otlp/otlplog/otlploggrpc@v0.20.0",
  "exporters/otlp/otlplog/otlploghttp@v0.20.0",
  "sdk/log@v0.20.0",
  "log@v0.20.0",
];

const SDKS: readonly Sdk[] = [
  {
    language: "JavaScript",
    program: "emit.js",
    toolchain: "npm",
    version: "0.301.0",
    protocols: ["grpc", "proto", "json"],
    install: async (folder) => {
      await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
      const packages = [...JAVASCRIPT, ...JAVASCRIPT_EXPORTERS].map((name) => `@opentelemetry/${name}`);
      await mustRun("npm", ["install", "--no-audit", "--no-fund", "--save-exact", ...packages], installing(folder));
    },
    command: (folder) => [process.execPath, join(folder, "emit.js")],
  },
  {
    language: "Python",
    program: "emit.py",
    toolchain: "python3",
    version: "1.45.2",
    protocols: ["grpc", "http"],
    install: async (folder) => {
      await mustRun("python3", ["-m", "venv", "venv"], installing(folder));
      await mustRun(join(folder, "venv/bin/pip"), ["-q", "install", ...PYTHON.map((name) => `${name}==1.45.2`)], installing(folder));
    },
    command: (folder) => [join(folder, "venv/bin/python"), join(folder, "emit.py")],
  },
  {
    language: "Go",
    program: "emit.go",
    toolchain: "go",
    version: "1.44.0",
    protocols: ["grpc", "http"],
    bareEndpoint: true,
    install: async (folder) => {
      await writeFile(join(folder, "go.mod"), "module conformance\n\ngo 1.25\n");
      const modules = ["sdk@v1.44.0", "sdk/metric@v1.44.0", ...GO, ...GO_LOGS].map((name) => `go.opentelemetry.io/otel/${name}`);
      await mustRun("go", ["get", "go.opentelemetry.io/otel@v1.44.0", ...modules], installing(folder));
      await mustRun("go", ["build", "-o", "emit", "."], installing(folder));
    },
    command: (folder) => [join(folder, "emit")],
  },
  {
    language: "Java",
    program: "Emit.java",
    toolchain: "mvn",
    version: "1.67.0",
    protocols: ["grpc", "http"],
    install: async (folder) => {
      await writeFile(join(folder, "pom.xml"), pom("opentelemetry-sdk", "opentelemetry-exporter-otlp"));
      await mustRun("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], installing(folder));
      await mustRun("javac", ["-cp", "lib/*", "Emit.java"], installing(folder));
    },
    command: (folder) => ["java", "-cp", `${folder}:${folder}/lib/*`, "Emit"],
  },
];

function pom(...artifacts: readonly string[]): string {
  const dependencies = artifacts.map(
    (name) => `<dependency><groupId>io.opentelemetry</groupId><artifactId>${name}</artifactId><version>1.67.0</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>conformance</groupId><artifactId>client</artifactId><version>1</version>
<dependencies>${dependencies.join("")}</dependencies></project>\n`;
}

/** The SDK exporters of four languages, each over each of its protocols, with gzip and without. */
export const sdkClients: readonly Client[] = SDKS.map((sdk) => ({
  name: `${sdk.language} SDK ${sdk.version}`,
  prepare: async () => {
    const folder = cacheFolder(sdk.language.toLowerCase());
    await needs(sdk.toolchain);
    const digest = createHash("sha256")
      .update(await readFile(program(sdk.program)))
      .digest("hex");
    await installOnce(folder, `${sdk.version}-${digest.slice(0, 8)}`, async () => {
      await copyFile(program(sdk.program), join(folder, sdk.program));
      await sdk.install(folder);
    });
    return sdk.protocols.flatMap((protocol) => ["none", "gzip"].map((compression) => rowOf(sdk, folder, protocol, compression)));
  },
}));

function rowOf(sdk: Sdk, folder: string, protocol: string, compression: string): ClientRow {
  return {
    name: `traces, metrics, logs over ${protocol === "http" ? "HTTP/protobuf" : protocol === "grpc" ? "gRPC" : `HTTP/${protocol}`}, ${compression}`,
    run: async ({ collector, backend, newService }: Stage) => {
      const service = newService();
      const url = protocol === "grpc" ? collector.grpc : collector.http;
      const [command, ...args] = sdk.command(folder);
      const endpoint = sdk.bareEndpoint === true ? url.replace("http://", "") : url;
      await mustRun(command, [...args, protocol, endpoint, compression, service], { cwd: folder });
      expectAllItems(backend, service);
    },
  };
}
