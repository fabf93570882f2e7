import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry } from "@tidemark/components";
import { systemClock } from "@tidemark/core";
import { afterEach, describe, expect, it } from "vitest";
import { ConfigSource } from "./config-source.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const yaml = (exporter: string): string => `
receivers: { otlp: { protocols: { http: {} } } }
exporters:
  debug: ${exporter}
service: { pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }
`;

function sourceOf(...uris: readonly string[]): ConfigSource {
  const read = (path: string): Promise<string> => readFile(path, "utf8");
  return new ConfigSource({ uris, sets: [], registry, env: {}, readFile: read, clock: systemClock, pollMs: 20 });
}

/** Resolves with what has changed, when something has. */
function nextChange(source: ConfigSource): Promise<string> {
  return new Promise((resolve) => cleanups.push(source.watch(resolve)));
}

describe("ConfigSource", () => {
  it("remembers what it has read, and watches files that its files refer to", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-source-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const [main, part] = [join(folder, "main.yaml"), join(folder, "part.yaml")];
    await writeFile(main, yaml(`\${file:${part}}`));
    await writeFile(part, "verbosity: basic");
    const source = sourceOf(main);
    expect((await source.load()).ok).toBe(true);
    expect(Object.keys(source.texts)).toEqual([main, part]);
    const changed = nextChange(source);
    await writeFile(part, "verbosity: detailed");
    expect(await changed).toBe("file change");
  });

  it("goes on watching a file that could not be read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-source-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const main = join(folder, "main.yaml");
    const source = sourceOf(main);
    expect((await source.load()).ok).toBe(false);
    const changed = nextChange(source);
    await writeFile(main, yaml("{}"));
    await changed;
    expect((await source.load()).ok).toBe(true);
  });

  it("reads and watches what a server has", async () => {
    let text = yaml("{}");
    const server = createServer((_request, response) => void response.end(text));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => server.close());
    const source = sourceOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/main.yaml`);
    expect((await source.load()).ok).toBe(true);
    const changed = nextChange(source);
    text = yaml("{ verbosity: detailed }");
    expect(await changed).toBe("change of a remote source");
    expect(await source.load()).toMatchObject({ ok: true, config: { graph: { exporters: [{ config: { verbosity: "detailed" } }] } } });
  });
});
