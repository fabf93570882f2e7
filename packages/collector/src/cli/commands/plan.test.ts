import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { startCli, type CliResult } from "../../testing/cli-process.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const SECRET = "correct-horse-battery";

/** Runs running.yaml; resolves with the URL of its admin extension. */
async function running(...options: readonly string[]): Promise<string> {
  const env = { ADMIN_PORT: String(await freePort()), HTTP_PORT: String(await freePort()), API_KEY: SECRET };
  const collector = startCli(["run", "running.yaml", ...options], env);
  cleanups.push(() => {
    collector.child.kill("SIGTERM");
    return collector.result;
  });
  await collector.seen(/is ready after/);
  return `http://127.0.0.1:${env.ADMIN_PORT}`;
}

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-plan-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const path = join(folder, "candidate.yaml");
  await writeFile(path, text);
  return path;
}

/** From an environment that has none of the collector's variables. */
const plan = (...args: readonly string[]): Promise<CliResult> => startCli(["plan", ...args]).result;

const BROKEN_THERE = `
receivers: { otlp: { protocols: { http: {} } } }
exporters: { debug: { sampling_initial: "\${env:API_KEY:-2}" } }
service: { pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }
`;

describe("tidemark plan --admin", () => {
  it.each([
    ["of another shape", { nodes: [null] }],
    ["with numbers for names", { nodes: [{ node: 1, change: "new", state: "none" }] }],
    ["with places that are none", { result: "failed", mistakes: ["x"] }],
  ])("takes an answer %s for none", async (_, part) => {
    const body = JSON.stringify({ result: "planned", nodes: [], telemetryChanged: false, mistakes: [], ...part });
    const server = createServer((_request, response) => void response.end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stderr } = await plan("running.yaml", "--admin", url);
    expect([code, stderr]).toEqual([1, expect.stringContaining("and not with a plan; name a collector's admin extension")]);
  });

  it("compares with what the collector runs, variables of its environment included", async () => {
    const admin = await running();
    const { code, stdout, stderr } = await plan("running-new.yaml", "--admin", admin);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await expect(stdout).toMatchFileSnapshot("../testdata/plan-admin.txt");
    const same = await plan("running.yaml", "--admin", admin, "--format", "json");
    const { nodes } = JSON.parse(same.stdout) as { nodes: { change: string }[] };
    expect(new Set(nodes.map(({ change }) => change))).toEqual(new Set(["unchanged"]));
    const set = await plan("running.yaml", "--admin", admin, "--set", "processors.batch.timeout=1s");
    expect(set.stdout).toMatch(/processor\/batch@traces +rebuilt +timeout has changed/);
  });

  it("says the same of a collector with workers", async () => {
    const { code, stdout, stderr } = await plan("running-new.yaml", "--admin", await running("--workers", "2"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await expect(stdout).toMatchFileSnapshot("../testdata/plan-admin.txt");
  });

  it("shows what is wrong with the candidate, and where when only the collector sees it, but no value of its environment", async () => {
    const admin = await running();
    const bad = await plan("bad.yaml", "--admin", admin);
    expect(bad).toMatchObject({ code: 2, stdout: "" });
    expect(bad.stderr).toContain("bad.yaml:6:");
    const path = await file(BROKEN_THERE);
    const { code, stdout, stderr } = await plan(path, "--admin", admin);
    expect({ code, stdout, stderr: stderr.replaceAll(path, "candidate.yaml").replaceAll(admin, "http://admin") }).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "candidate.yaml:3:42  CFG_WRONG_TYPE  exporters::debug::sampling_initial\n" +
        "There are mistakes with the environment of the collector at http://admin, which does not show its values.\n" +
        "  fix: run tidemark validate with the variables that the collector has\n",
    });
    const asked = await fetch(`${admin}/-/plan`, {
      method: "POST",
      body: JSON.stringify({ uris: ["a"], sets: [], texts: { a: BROKEN_THERE } }),
    });
    expect(asked.status).toBe(400);
    expect(await asked.text()).not.toContain(SECRET);
    // What the collector has on its disk is not read for a candidate.
    const own = await fetch(`${admin}/-/plan`, { method: "POST", body: JSON.stringify({ uris: ["running.yaml"], sets: [], texts: {} }) });
    expect([own.status, await own.json()]).toMatchObject([400, { mistakes: [{ code: "CFG_READ_FAILED" }] }]);
  });

  it("asks nobody when the candidate cannot be read, and says when nobody answers", async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    expect(await plan("none.yaml", "--admin", nobody)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("none.yaml:1:1  CFG_READ_FAILED"),
    });
    expect(await plan("running.yaml", "--admin", nobody)).toEqual({
      code: 1,
      stdout: "",
      stderr: `tidemark plan: nothing listens at ${nobody}; start the collector with the extension admin, or name its address: --admin URL\n`,
    });
  });
});
