import { describe, expect, it } from "vitest";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { loadText } from "./testing/load.ts";

/** What the whole load may take of the processor. Each of these texts once took from ten seconds to hours. */
const MOST_MS = 3000;

async function mistakesOf(text: string, files: Readonly<Record<string, string>> = {}): Promise<readonly Diagnostic[]> {
  const before = process.cpuUsage();
  const result = await loadText(text, { files, env: { DOLLARS: "x" } });
  const { user } = process.cpuUsage(before);
  expect(user / 1000).toBeLessThan(MOST_MS);
  return result.ok ? [] : result.diagnostics;
}

const codes = (mistakes: readonly Diagnostic[]): readonly string[] => [...new Set(mistakes.map(({ code }) => code))].toSorted();

describe("a text that somebody wrote to keep the collector busy", () => {
  it("is told about as far as anybody reads, when nearly every line of it is wrong", async () => {
    const unknown = await mistakesOf(Array.from({ length: 20_000 }, (_, i) => `k${i}: 1\n`).join(""));
    expect(unknown).toHaveLength(201);
    expect(unknown.at(-1)).toMatchObject({ code: "CFG_TOO_LARGE", message: "there are more than 200 mistakes" });
    expect(await mistakesOf("a: 1\n".repeat(20_000))).toHaveLength(201);
  });

  it("is not gone through once for each key that is an alias", async () => {
    const text = `x: &a b\ny:\n${"  *a : 1\n".repeat(20_000)}`;
    expect(codes(await mistakesOf(text))).toEqual(["CFG_DUPLICATE_KEY", "CFG_TOO_LARGE"]);
  });

  it("is no matter for a pattern that goes back, in one long line of brackets", async () => {
    expect(codes(await mistakesOf("[".repeat(500_000)))).toContain("CFG_YAML_SYNTAX");
  });

  it("is searched for references once, however many braces are closed in it", async () => {
    expect(codes(await mistakesOf(`receivers: "\$${"}".repeat(1_000_000)}"`))).toContain("CFG_WRONG_TYPE");
  });

  it("is not written out when its references multiply it", async () => {
    const parts = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`f${i}.yaml`, `[${`"\${file:f${i + 1}.yaml}",`.repeat(20)}]`]));
    expect(codes(await mistakesOf('receivers: "${file:f0.yaml}"', { ...parts, "f6.yaml": "[1]" }))).toContain("CFG_EXPANSION_LOOP");
    const aliases = `a: &a [${"1,".repeat(100)}]\nb: &b [${"*a,".repeat(100)}]`;
    const many = `receivers: [${'"${file:big.yaml}",'.repeat(1000)}]`;
    expect(codes(await mistakesOf(many, { "big.yaml": aliases }))).toEqual(["CFG_TOO_LARGE"]);
  });

  it("is not laid over itself for ever by keys that are paths", async () => {
    expect(codes(await mistakesOf(Array.from({ length: 50_000 }, (_, i) => `a::k${i}: 1\n`).join("")))).toEqual(["CFG_TOO_LARGE"]);
  });

  it("makes no message of all ids for each id that is none", async () => {
    const ids = Array.from({ length: 5000 }, (_, i) => `debug/${i}`);
    const text = `receivers: { otlp: { protocols: { http: {} } } }
exporters: { ${ids.map((id) => `${id}: {}`).join(", ")} }
service: { pipelines: { traces: { receivers: [otlp], exporters: [${ids.map((id) => `x${id}`).join(", ")}] } } }
`;
    const mistakes = await mistakesOf(text);
    expect(Math.max(...mistakes.map(({ fix }) => fix.length))).toBeLessThan(4000);
  });
});

describe("aliases as keys", () => {
  it("stand for the text of their anchor, on a value or on a key", async () => {
    const mistakes = await mistakesOf("service: &s { telemetry: {} }\n&k here: 1\nx: &v there\n*v : 1\n*k : 1\n*s : 1\n");
    const told = mistakes.map(({ code, path, message }) => `${code} ${path === "" ? message : path}`);
    expect(told).toEqual(
      expect.arrayContaining(["CFG_DUPLICATE_KEY here", "CFG_UNKNOWN_SECTION there", "CFG_YAML_SYNTAX not valid YAML: a key must be text"]),
    );
  });
});
