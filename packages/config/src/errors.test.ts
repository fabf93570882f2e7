import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { DIAGNOSTIC_CODES } from "./diagnostics/diagnostic-codes.ts";
import { renderDiagnostics } from "./diagnostics/render.ts";
import { loadText } from "./testing/load.ts";

const FOLDER = new URL("testdata/errors/", import.meta.url);
const CASES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => name.slice(0, -".yaml".length));

/** Lines `#! env A=b`, `#! set a.b=c`, `#! config URI` and `#! no-config` at the top of a case say how it is loaded. */
async function load(name: string): Promise<readonly Diagnostic[]> {
  const text = readFileSync(new URL(`${name}.yaml`, FOLDER), "utf8");
  const directives = (verb: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^#! ${verb} (.*)$`, "gm"))].map((match) => match[1] ?? "");
  const env = Object.fromEntries(directives("env").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  const extra = directives("config").filter((uri) => uri !== "config.yaml");
  const uris = text.includes("#! no-config") ? [] : ["config.yaml", ...extra];
  const second = readFileSync(new URL("second.yaml.part", FOLDER), "utf8");
  const result = await loadText(text, { env, uris, sets: directives("set"), files: { "second.yaml": second } });
  return result.ok ? result.config.warnings : result.diagnostics;
}

describe("diagnostics", () => {
  it.each(CASES)("%s reads as its golden file", async (name) => {
    const text = renderDiagnostics(await load(name), { color: false });
    await expect(text).toMatchFileSnapshot(fileURLToPath(new URL(`${name}.txt`, FOLDER)));
  });

  it("has at least one case for each code, and no diagnostic without a fix", async () => {
    const all = (await Promise.all(CASES.map(load))).flat();
    expect(new Set(all.map(({ code }) => code))).toEqual(new Set(DIAGNOSTIC_CODES));
    expect(all.filter(({ fix, message }) => fix.trim() === "" || message.trim() === "")).toEqual([]);
  });

  it("has no golden file without its case", () => {
    const golden = readdirSync(FOLDER)
      .filter((name) => name.endsWith(".txt"))
      .map((name) => name.slice(0, -".txt".length));
    expect(golden.filter((name) => !CASES.includes(name))).toEqual([]);
  });

  it("explains every code in the README, and no other", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const documented = [...readme.matchAll(/^\| `(CFG_[A-Z_]+)` \|/gm)].map((match) => match[1] ?? "");
    expect(new Set(documented)).toEqual(new Set(DIAGNOSTIC_CODES));
    expect(documented).toHaveLength(DIAGNOSTIC_CODES.length);
  });
});
