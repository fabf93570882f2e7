import { describe, expect, it } from "vitest";
import { toDiagnostics } from "./diagnostic.ts";
import { renderDiagnostics } from "./render.ts";
import { editDistance, nearest, suggestion } from "./suggest.ts";

const source = (text: string, order = 0, name = "a.yaml") => ({ name, text, order });
const finding = (text: string, start: number, end: number) => ({
  code: "CFG_WRONG_TYPE" as const,
  site: { source: source(text), start, end },
  path: "p",
  message: "m",
  fix: "f",
});

describe("renderDiagnostics", () => {
  it("colours only when asked", () => {
    const list = toDiagnostics([finding("a: b\n", 3, 4)]);
    expect(renderDiagnostics(list, { color: false })).toBe("a.yaml:1:4  CFG_WRONG_TYPE  m\n  1 | a: b\n    |    ^\n  fix: f\n");
    const painted = renderDiagnostics(list, { color: true });
    expect(painted).toContain("\u001b[31mCFG_WRONG_TYPE\u001b[0m");
    expect(painted.replaceAll(/\u001b\[\d+m/g, "")).toBe(renderDiagnostics(list, { color: false }));
  });

  it("cuts long lines around the mistake, and keeps carets under it", () => {
    const text = `${"k".repeat(300)}: ${"v".repeat(300)}`;
    const [, excerpt = "", carets = ""] = renderDiagnostics(toDiagnostics([finding(text, 302, 602)]), { color: false }).split("\n");
    expect(excerpt.length).toBeLessThan(140);
    expect(excerpt.slice(carets.indexOf("^"))).toMatch(/^v+$/);
    expect(excerpt[carets.indexOf("^") - 1]).toBe(" ");
  });

  it("shows tabs and control characters as one column", () => {
    const text = renderDiagnostics(toDiagnostics([finding("a:\t\u001b[31mx", 4, 6)]), { color: false });
    expect(text).not.toContain("\u001b");
    expect(text).toContain("  1 | a:  [31mx\n    |     ^^\n");
  });

  it("sorts by source and place, and says the same only once", () => {
    const site = (order: number, start: number) => ({ source: source("abcdef", order, `${order}.yaml`), start, end: start + 1 });
    const base = { code: "CFG_WRONG_TYPE" as const, path: "", message: "m", fix: "f" };
    const list = toDiagnostics([site(1, 0), site(0, 5), site(0, 2), site(0, 2)].map((place) => ({ ...base, site: place })));
    expect(list.map(({ file, column }) => `${file}:${column}`)).toEqual(["0.yaml:3", "0.yaml:6", "1.yaml:1"]);
  });
});

describe("suggestions", () => {
  it("counts edits, swapped neighbours as one", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("debgu", "debug")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
  });

  it("finds the near one and keeps quiet about far ones", () => {
    expect(nearest("max_sise", ["max_size", "timeout"])).toBe("max_size");
    expect(nearest("maxSize", ["max_size", "min_size"])).toBe("max_size");
    expect(nearest("colour", ["verbosity", "queue"])).toBeUndefined();
    expect(suggestion("x", [], "Fields")).toBe("take it out: there are no fields here");
  });
});
