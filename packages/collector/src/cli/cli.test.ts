import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { LAUNCHER, runCli, type CliResult } from "../testing/cli-process.ts";
import { runCommandLine } from "./run-command-line.ts";

/** In this process: enough for what ends before anything runs. */
async function runHere(...args: readonly string[]): Promise<CliResult> {
  const texts = { stdout: "", stderr: "" };
  const code = await runCommandLine(args, {
    stdout: (text) => void (texts.stdout += text),
    stderr: (text) => void (texts.stderr += text),
    env: {},
    color: false,
    readFile: () => Promise.reject(new Error("nothing is read here")),
  });
  return { code, ...texts };
}

describe("tidemark", () => {
  it("explains itself", async () => {
    const commands = ["run", "validate", "plan", "dlq", "ledger", "components", "schema", "graph"];
    const texts = await Promise.all([["--help"], ...commands.map((command) => [command, "--help"])].map((args) => runHere(...args)));
    expect(texts.map(({ code }) => code)).toEqual(texts.map(() => 0));
    await expect(texts.map(({ stdout }) => stdout).join("\n────\n")).toMatchFileSnapshot("testdata/help.txt");
  });

  it.each([
    [[], "tidemark 0.1.0: an OpenTelemetry pipeline"],
    [["valdiate", "x"], 'tidemark: there is no command "valdiate"; did you mean "validate"?\n'],
    [["zzz"], 'tidemark: there is no command "zzz"; see: tidemark --help\n'],
    [["run"], "tidemark run: no configuration was named; add a file, such as pipelines/chat.yaml\nSee: tidemark run --help\n"],
    [["validate", "--formt", "json", "good.yaml"], "tidemark validate: unknown option --formt; did you mean --format?"],
    [["run", "--shutdown-timeout", "soon", "good.yaml"], 'tidemark run: "soon" is not a duration; write --shutdown-timeout 10s'],
    [["components", "extra"], 'tidemark components: unexpected argument "extra"'],
  ])("%j is a usage error", async (args, message) => {
    const { code, stderr, stdout } = await runHere(...args);
    expect(stderr.startsWith(message) ? message : stderr).toBe(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("finds a Node that can run it when the user's own is too old", async () => {
    // Under `npm test` this is the user's Node, whatever its age.
    const { stdout } = await promisify(execFile)(process.env["npm_node_execpath"] ?? process.execPath, [LAUNCHER, "--version"]);
    expect(stdout).toMatch(/^tidemark version \d+\.\d+\.\d+\n$/);
  });

  it("does not outlive the process of an old Node that started it", async () => {
    const yaml =
      "{receivers: {otlp: {protocols: {http: {endpoint: localhost:0}}}}, exporters: {debug: {}}, service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}}";
    const child = spawn(process.env["npm_node_execpath"] ?? process.execPath, [LAUNCHER, "run", "--config", `yaml:${yaml}`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    // The pipe is closed when the last process that holds it is gone.
    const gone = once(child.stderr, "close");
    await new Promise<void>((resolve) =>
      child.stderr.on("data", (chunk: Buffer) => (text += String(chunk)).includes("ready") && resolve()),
    );
    child.kill("SIGKILL");
    await gone;
  });

  it("says its version", async () => {
    expect(await runCli("--version")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tidemark version \d+\.\d+\.\d+\n$/) });
  });
});

describe("tidemark plan", () => {
  it("says what becomes of each node and its memory", async () => {
    const { code, stdout, stderr } = await runCli("plan", "plan-new.yaml", "--against", "plan-old.yaml");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await expect(stdout).toMatchFileSnapshot("testdata/plan.txt");
  });

  it("gives programs the same", async () => {
    const { stdout } = await runCli("plan", "plan-new.yaml", "--against", "plan-old.yaml", "--format", "json");
    expect(JSON.parse(stdout)).toMatchObject({
      nodes: expect.arrayContaining([{ node: "receiver/otlp", change: "unchanged", state: "none" }]),
      telemetry_changed: true,
    });
  });

  it("ends with 2 when one of both has mistakes", async () => {
    expect(await runCli("plan", "bad.yaml", "--against", "plan-old.yaml")).toMatchObject({ code: 2, stdout: "" });
    expect(await runCli("plan", "plan-old.yaml", "--against", "bad.yaml")).toMatchObject({ code: 2, stdout: "" });
    expect(await runHere("plan", "plan-old.yaml")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("say what runs now, in one way: --against old.yaml"),
    });
  });
});

describe("tidemark validate", () => {
  it("accepts a configuration without mistakes", async () => {
    expect(await runCli("validate", "good.yaml")).toEqual({ code: 0, stdout: "good.yaml: valid\n", stderr: "" });
  });

  it("shows all mistakes at once", async () => {
    const { code, stdout, stderr } = await runCli("validate", "--config", "bad.yaml");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    await expect(stderr).toMatchFileSnapshot("testdata/bad.txt");
  });

  it("gives the same as JSON", async () => {
    const { code, stdout } = await runCli("validate", "--format", "json", "bad.yaml");
    expect(code).toBe(2);
    const verdict = JSON.parse(stdout) as {
      valid: boolean;
      diagnostics: { code: string; file: string; line: number; column: number; fix: string }[];
    };
    expect(verdict.valid).toBe(false);
    expect(verdict.diagnostics.map(({ file, line }) => `${file}:${line}`)).toEqual(["bad.yaml:6", "bad.yaml:8", "bad.yaml:13"]);
  });

  it("takes --set over all files", async () => {
    const { code, stderr } = await runCli("validate", "good.yaml", "--set", "processors.batch.timeout=soon");
    expect(code).toBe(2);
    expect(stderr).toContain('"soon" is not a duration');
  });

  it("says so when there is no such file", async () => {
    const { code, stderr } = await runCli("validate", "none.yaml");
    expect(code).toBe(2);
    expect(stderr).toContain("none.yaml:1:1");
    expect(stderr).not.toContain("    at ");
  });
});

describe("tidemark components", () => {
  it("lists every component in the Collector's form", async () => {
    const { code, stdout } = await runCli("components");
    expect(code).toBe(0);
    const list = parse(stdout) as Record<string, { name: string; scheme: string; module: string; stability: Record<string, string> }[]>;
    expect(list["buildinfo"]).toMatchObject({ command: "tidemark" });
    expect(list["receivers"]?.find(({ name }) => name === "otlp")).toMatchObject({
      module: expect.stringMatching(/^@tidemark\/components\/receivers\/otlp v/),
      stability: { traces: expect.any(String) },
    });
    expect(list["connectors"]?.find(({ name }) => name === "forward")?.stability).toHaveProperty("traces-to-traces");
    expect(list["extensions"]?.find(({ name }) => name === "health_check")?.stability).toEqual({ extension: "Beta" });
    expect(list["providers"]?.map(({ scheme }) => scheme)).toEqual(["env", "file", "yaml", "http", "https", "etcd", "etcds"]);
  });
});

describe("tidemark schema", () => {
  it("prints a JSON Schema of whole files", async () => {
    const { code, stdout } = await runCli("schema");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: expect.stringContaining("json-schema.org"),
      properties: { receivers: {}, service: {} },
    });
  });
});

describe("tidemark graph", () => {
  it("draws Mermaid", async () => {
    const { code, stdout } = await runCli("graph", "good.yaml");
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot("testdata/good.mmd");
  });

  it("draws SVG", async () => {
    const { code, stdout } = await runCli("graph", "--format", "svg", "good.yaml");
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot("testdata/good.svg");
  });

  it("shows the mistakes of a configuration that it cannot draw", async () => {
    const { code, stdout, stderr } = await runCli("graph", "bad.yaml");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("bad.yaml:6:");
  });
});
