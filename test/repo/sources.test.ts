import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../lib/child.ts";

const tracked: readonly string[] = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n");
const sources: readonly string[] = tracked.filter(
  (file) => /^(packages|test|\.dev)\/.*\.(ts|mjs|js)$/.test(file) && !file.endsWith(".gen.ts"),
);
const text = (file: string): string => readFileSync(join(root, file), "utf8");

describe("the sources", () => {
  it("keep files under 400 lines", () => {
    expect(sources.filter((file) => text(file).split("\n").length > 401)).toEqual([]);
  });

  it("have a median under 120 lines", () => {
    const lengths = sources.map((file) => text(file).split("\n").length).toSorted((a, b) => a - b);
    expect(lengths[lengths.length >> 1]).toBeLessThan(120);
  });

  it("read time and randomness from what they are given", () => {
    const product = sources.filter(
      (file) =>
        /^packages\/(otlp|core|config|alerting|components)\/src\//.test(file) &&
        !/\.test\.ts$|\/testing\/|\/testdata\/|contract-fixture\.ts$/.test(file),
    );
    const offenders = product.filter(
      (file) =>
        !["packages/core/src/clock/system-clock.ts", "packages/core/src/contract/clock.ts"].includes(file) &&
        /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|(?<![\w.#])set(Timeout|Interval)\(/.test(text(file)),
    );
    expect(offenders).toEqual([]);
  });

  it("do not exit, and do not look outside the repository", () => {
    const product = sources.filter((file) => /^packages\/[a-z]+\/src\//.test(file) && !file.endsWith(".test.ts"));
    expect(product.filter((file) => /process\.exit\(/.test(text(file)) && !file.endsWith("cli/main.ts"))).toEqual([]);
    const machinePath = /(^|[^\w.])\/(?:work|root)\//m;
    expect(tracked.filter((file) => /\.(ts|mjs|md|ya?ml|json)$/.test(file) && machinePath.test(text(file)))).toEqual([]);
  });
});
