import { describe, expect, it } from "vitest";
import { parseArguments, type OptionSpec } from "./arguments.ts";
import { endpointsIn, urlsIn } from "./summary.ts";
import { componentOf } from "./process-guards.ts";

const OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: { value: "FILE", repeatable: true, description: "" },
  set: { value: "KEY=VALUE", repeatable: true, description: "" },
  format: { value: "FORMAT", choices: ["text", "json"], description: "" },
  help: { short: "h", description: "" },
};

describe("parseArguments", () => {
  it("keeps files and --config in their order", () => {
    const args = parseArguments(
      ["a.yaml", "--config", "b.yaml", "--set", "x.y=1", "--config=c.yaml", "--set", "z=a=b", "--", "-d.yaml"],
      OPTIONS,
      true,
    );
    expect(args.sources).toEqual(["a.yaml", "b.yaml", "c.yaml", "-d.yaml"]);
    expect(args.sets).toEqual(["x.y=1", "z=a=b"]);
    expect(args.has("help")).toBe(false);
  });

  it.each([
    [["--confg", "x"], "unknown option --confg; did you mean --config?"],
    [["--zzzzzz"], "unknown option --zzzzzz"],
    [["-x"], "unknown option -x"],
    [["--constructor"], "unknown option --constructor"],
    [["--config"], "option --config needs a value: --config FILE"],
    [["--config="], "option --config needs a value: --config FILE"],
    [["--help=1"], "option --help takes no value"],
    [["--format", "xml"], 'option --format is one of text, json; "xml" is not'],
  ])("%j: %s", (args, message) => {
    expect(() => parseArguments(args, OPTIONS, true)).toThrow(new RegExp(`^${message.replace(/[.?]/g, "\\$&")}$`));
  });

  it("refuses files where there is no place for them", () => {
    expect(() => parseArguments(["a.yaml"], OPTIONS, false)).toThrow('unexpected argument "a.yaml"');
  });
});

describe("endpointsIn", () => {
  it("finds endpoints at any depth, with the way to them", () => {
    const config = {
      protocols: { grpc: { endpoint: "localhost:4317" }, http: { endpoint: "localhost:4318", cors: {} } },
      list: [],
      none: null,
    };
    expect(endpointsIn(config)).toEqual(["grpc localhost:4317", "http localhost:4318"]);
    expect(endpointsIn({ endpoint: "localhost:1" })).toEqual(["localhost:1"]);
    expect(endpointsIn({ targets: [{ endpoint: "https://user:secret@shop.example.com/health" }] })).toEqual([]);
  });
});

describe("componentOf", () => {
  it("finds the component in a stack trace", () => {
    expect(componentOf("Error: x\n    at f (file:///app/packages/components/src/processors/memory_limiter/memory.ts:3:9)")).toBe(
      "processor/memory_limiter",
    );
    expect(componentOf("Error: x\n    at f (C:\\app\\dist\\exporters\\file\\index.js:3:9)")).toBe("exporter/file");
    expect(componentOf("Error: x\n    at f (node:events:3:9)")).toBe("");
  });
});

describe("urlsIn", () => {
  it("names the scheme, the endpoint wherever it stands, and the path", () => {
    expect(urlsIn({ endpoint: "localhost:1", path: "/health", tls: undefined })).toEqual(["http://localhost:1/health"]);
    expect(urlsIn({ endpoint: "localhost:1", tls: { cert_file: "cert.pem" } })).toEqual(["https://localhost:1"]);
    expect(urlsIn({ use_v2: true, http: { endpoint: "localhost:1", status: { path: "/status" } } })).toEqual(["http://localhost:1"]);
    expect(urlsIn({ directory: "queues" })).toEqual([]);
  });
});
