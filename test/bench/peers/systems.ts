import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../lib/child.ts";
import { OTELCOL, PEERS } from "../../lib/peers.ts";
import { pipelineYaml, type Ports } from "./pipeline-yaml.ts";
import type { Row } from "./rows.ts";

const ROTEL = join(PEERS, "rotel");
const TIDEMARK = join(root, "packages/collector/bin/tidemark.js");

/** A program to compare. */
export interface System {
  readonly name: "otelcol" | "tidemark" | "rotel";
  readonly version: () => string;
  /** Whether it has an equivalent of the row. */
  readonly runs: (row: Row) => boolean;
  /** The command line that runs the row's pipeline. `folder` is for its files. */
  readonly command: (row: Row, ports: Ports, folder: string) => readonly string[];
}

/** The systems in the order in which they take turns; all ratios are to the first. */
export const SYSTEMS: readonly System[] = [
  {
    name: "otelcol",
    version: () => firstLine(OTELCOL, "--version"),
    runs: () => existsSync(OTELCOL),
    command: collectorCommand("otelcol"),
  },
  {
    name: "tidemark",
    version: () =>
      `${(JSON.parse(readFileSync(join(root, "packages/collector/package.json"), "utf8")) as { version: string }).version} on Node ${process.version}`,
    runs: () => true,
    command: collectorCommand("tidemark"),
  },
  { name: "rotel", version: () => firstLine(ROTEL, "--version"), runs: rotelRuns, command: rotelCommand },
];

/** The command line that runs a pipeline file. */
export function runFile(name: "otelcol" | "tidemark", file: string): readonly string[] {
  return name === "otelcol" ? [OTELCOL, "--config", file] : [process.execPath, TIDEMARK, "run", file];
}

function collectorCommand(name: "otelcol" | "tidemark"): System["command"] {
  return (row, ports, folder) => {
    const file = join(folder, "pipeline.yaml");
    writeFileSync(file, pipelineYaml(row, ports));
    return runFile(name, file);
  };
}

/** Rotel compresses what it exports even when told not to, so only its gzip rows compare; it has no processors in YAML. */
function rotelRuns(row: Row): boolean {
  return existsSync(ROTEL) && row.compression === "gzip" && (row.work === "batch" || row.work === "direct");
}

function rotelCommand(row: Row, ports: Ports): readonly string[] {
  const batching = row.work === "direct" ? ["--disable-batching"] : ["--batch-max-size", "8192", "--batch-timeout", "200ms"];
  const exporter = `--otlp-exporter-endpoint http://127.0.0.1:${ports.backEnd} --otlp-exporter-protocol ${row.transport}`;
  const compression = `--otlp-exporter-compression ${row.compression} --otlp-exporter-traces-compression ${row.compression}`;
  const receiver = `--otlp-grpc-endpoint 127.0.0.1:${ports.grpc} --otlp-http-endpoint 127.0.0.1:${ports.http} --otlp-grpc-max-recv-msg-size-mib 64`;
  return [ROTEL, "start", "--exporter", "otlp", ...`${receiver} ${exporter} ${compression}`.split(" "), ...batching];
}

function firstLine(command: string, ...args: readonly string[]): string {
  return existsSync(command) ? (execFileSync(command, args, { encoding: "utf8" }).split("\n")[0] ?? "") : "not here";
}
