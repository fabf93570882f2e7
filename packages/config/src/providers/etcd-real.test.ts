import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@tidemark/core";
import { freePorts } from "@tidemark/core/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EtcdProvider } from "./etcd-provider.ts";

const HAS_ETCD = spawnSync("etcd", ["--version"]).status === 0;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startEtcd(folder: string, client: number, peer: number): Promise<ChildProcess> {
  const [at, atPeer] = [client, peer].map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const urls = ["--listen-client-urls", at, "--advertise-client-urls", at, "--listen-peer-urls", atPeer];
  const child = spawn("etcd", ["--data-dir", folder, "--log-level", "error", ...urls], { stdio: "ignore" });
  cleanups.push(() => child.kill("SIGKILL"));
  const isUp = (): Promise<boolean> =>
    fetch(`${at}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await sleep(50);
  return child;
}

/** For a machine that has etcd; `etcd-provider.test.ts` tries the same against a fake. */
describe.skipIf(!HAS_ETCD)("EtcdProvider and a real etcd", () => {
  it("tells of each version once, through a restart and a compaction", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-etcd-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const [client = 0, peer = 0] = await freePorts(2);
    const post = async (path: string, body: object): Promise<void> => {
      const answer = await fetch(`http://127.0.0.1:${client}${path}`, { method: "POST", body: JSON.stringify(body) });
      expect(answer.status).toBe(200);
    };
    const put = (text: string): Promise<void> => post("/v3/kv/put", { key: btoa("/rules"), value: btoa(text) });
    const first = await startEtcd(folder, client, peer);
    const uri = `etcd://127.0.0.1:${client}/rules`;
    const provider = new EtcdProvider({ fetch: globalThis.fetch, clock: systemClock });
    await put("one");
    const seen = [await provider.read(uri)];
    cleanups.push(provider.watch(uri, () => void provider.read(uri).then((text) => seen.push(text))));
    const saw = (text: string): Promise<void> => vi.waitFor(() => expect(seen.at(-1)).toBe(text), 8000);
    await put("two");
    await saw("two");
    first.kill("SIGTERM");
    await new Promise((resolve) => first.once("exit", resolve));
    await startEtcd(folder, client, peer);
    for (let change = 0; change < 5; change++) await post("/v3/kv/put", { key: btoa("/other"), value: btoa("x") });
    await put("three");
    await post("/v3/kv/compaction", { revision: "8", physical: true });
    await saw("three");
    await put("four");
    await saw("four");
    expect(seen).toEqual(["one", "two", "three", "four"]);
  });
});
