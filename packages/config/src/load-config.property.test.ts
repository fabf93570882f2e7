import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { renderDiagnostics } from "./diagnostics/render.ts";
import { loadText, withExporter } from "./testing/load.ts";

const WORDS = [
  "receivers",
  "processors",
  "exporters",
  "connectors",
  "extensions",
  "service",
  "pipelines",
  "telemetry",
  "traces",
  "alerts",
  "otlp",
  "batch",
  "debug",
  "span_metrics",
  "otlp/2",
  "<<",
  "__proto__",
  "constructor",
  "::",
  "a::b",
];
const PIECES = [
  ...WORDS,
  ": ",
  ":\n",
  "\n",
  "\n  ",
  "\n    ",
  "- ",
  "[",
  "]",
  "{",
  "}",
  ", ",
  "&a ",
  "*a",
  "!!int ",
  "!x ",
  "'",
  '"',
  "|\n",
  "#",
  "---\n",
  "${env:A}",
  "${",
  "}",
  "$",
  "\t",
  "\u0000",
  "\ufeff",
  "null",
  "1",
  "0x1",
  "~",
  "?",
  "% ",
  "\r\n",
];

const pieces = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 5 })), { maxLength: 40 })
  .map((parts) => parts.join(""));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    fc.oneof(fc.constantFrom<unknown>(null, "", "otlp", "debug", "batch", 1, -0.5, true, "${env:A}"), fc.string()),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...WORDS) }, fc.string()), tie("tree"), { maxKeys: 5 }),
  ),
}));

async function check(text: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const result = await loadText(text, { env });
  const list = result.ok ? result.config.warnings : result.diagnostics;
  if (!result.ok) expect(list.some(({ severity }) => severity === "error")).toBe(true);
  const lines = text.split("\n");
  for (const { file, line, column, length, fix, message } of list) {
    expect(fix).not.toBe("");
    expect(message).not.toMatch(/\n\s+at |undefined is not|is not a function/);
    if (file !== "config.yaml") continue;
    expect(line).toBeGreaterThan(0);
    expect(column - 1 + length).toBeLessThanOrEqual((lines[line - 1] ?? "").length);
  }
  // That there is too much of it is said last, of the file as a whole.
  const placed = list.filter(({ code }) => code !== "CFG_TOO_LARGE").map(({ line }) => line);
  expect(placed).toEqual(placed.toSorted((a, b) => a - b));
  expect(renderDiagnostics(list, { color: false })).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
}

describe("loadConfig on anything", () => {
  it("answers every text with a result", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (text) => check(text)),
      { numRuns: 200 },
    );
  });

  it("answers every well-formed tree with a result", async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (value) => check(stringify(value))),
      { numRuns: 200 },
    );
  });

  it("answers every value of a variable with a result", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (value) =>
        check(withExporter("string_field: x${env:A}\nany_field: ${env:A}\nint_field: ${env:A}"), { A: value }),
      ),
      // The second is too large when it comes to the third field.
      { numRuns: 200, examples: [["${env:A}"], [`${"receivers".repeat(4)}\${env:A}${"receivers".repeat(4)}`]] },
    );
  });

  it.each([`a: ${"[".repeat(3000)}`, `a: ${"[".repeat(1000)}${"]".repeat(1000)}`, "- ".repeat(1000), "{a: ".repeat(1000)])(
    "answers deep nesting with a result",
    async (text) => {
      expect((await loadText(text)).ok).toBe(false);
      expect((await loadText(withExporter("any_field: ${env:A}"), { env: { A: text } })).ok).toBeTypeOf("boolean");
    },
  );

  it("shares what aliases repeat", async () => {
    const levels = Array.from(
      { length: 40 },
      (_, level) => `x${level}: &x${level} [${level === 0 ? "1" : `*x${level - 1}, *x${level - 1}`}]`,
    );
    const result = await loadText(levels.join("\n"));
    expect(result.ok ? [] : result.diagnostics.map(({ code, line }) => [code, line])).toEqual([["CFG_TOO_LARGE", 17]]);
  });
});
