import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../lib/child.ts";

/** Who may import whom; CONTRIBUTING.md shows the same table. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  otlp: [],
  core: ["otlp"],
  config: ["core"],
  alerting: ["core", "otlp"],
  components: ["alerting", "core", "otlp"],
  collector: ["alerting", "components", "config", "core", "otlp"],
  sdk: ["otlp"],
};

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const packages: readonly string[] = readdirSync(join(root, "packages")).filter((name) =>
  existsSync(join(root, "packages", name, "package.json")),
);
const manifest = (name: string): Manifest => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;

describe("the packages", () => {
  it("are the ones that the table names", () => {
    expect(packages.toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  });

  it.each(packages)("%s imports only what is below it", (name) => {
    const own = Object.keys(manifest(name).dependencies ?? {}).filter((dependency) => dependency.startsWith("@tidemark/"));
    const allowed = new Set((MAY_IMPORT[name] ?? []).map((below) => `@tidemark/${below}`));
    expect(own.filter((dependency) => !allowed.has(dependency))).toEqual([]);
  });

  it("share one version and one licence", () => {
    const facts = new Set(packages.map((name) => `${manifest(name).version} ${manifest(name).license}`));
    expect([...facts]).toEqual(["0.1.0 Apache-2.0"]);
  });

  it("@tidemark/otlp has no runtime dependency", () => {
    expect(manifest("otlp").dependencies ?? {}).toEqual({});
  });
});

describe("the top level", () => {
  it("is closed", () => {
    const visible = readdirSync(root).filter((name) => !name.startsWith(".") && name !== "node_modules");
    const allowed = new Set([
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "LICENSE",
      "README.md",
      "package.json",
      "packages",
      "pipelines",
      "pnpm-lock.yaml",
      "pnpm-workspace.yaml",
      "test",
      "tsconfig.base.json",
    ]);
    expect(visible.filter((name) => !allowed.has(name))).toEqual([]);
  });

  it("has a lock file without addresses", () => {
    expect(readFileSync(join(root, "pnpm-lock.yaml"), "utf8")).not.toMatch(/https?:\/\//);
  });
});
