import { VirtualClock } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { FakeEtcd } from "../testing/fake-etcd.ts";
import { parseEtcdUri } from "./etcd-client.ts";
import { EtcdProvider } from "./etcd-provider.ts";

const URI = "etcd://localhost:2379/alerting/rules";
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

interface Rig {
  readonly etcd: FakeEtcd;
  readonly clock: VirtualClock;
  /** What was read after each change. */
  readonly seen: string[];
}

async function watching(): Promise<Rig> {
  const etcd = new FakeEtcd();
  const clock = new VirtualClock();
  const provider = new EtcdProvider({ fetch: etcd.fetch, clock });
  etcd.put("one");
  const seen = [await provider.read(URI)];
  stops.push(
    provider.watch(URI, () => {
      provider.read(URI).then(
        (text) => seen.push(text),
        (error: Error) => seen.push(error.message),
      );
    }),
  );
  await clock.advance(0);
  return { etcd, clock, seen };
}

describe("EtcdProvider", () => {
  it("watches from the revision after the one that it read", async () => {
    const { etcd, clock, seen } = await watching();
    expect(etcd.starts).toEqual([3]);
    etcd.put("two");
    await clock.advance(0);
    etcd.put("three");
    await clock.advance(0);
    expect(seen).toEqual(["one", "two", "three"]);
  });

  it("misses nothing and tells nothing twice when the connection breaks", async () => {
    const { etcd, clock, seen } = await watching();
    etcd.put("two");
    await clock.advance(0);
    etcd.cut();
    etcd.put("three");
    await clock.advance(500);
    expect(seen).toEqual(["one", "two", "three"]);
    etcd.cut();
    await clock.advance(500);
    expect(seen).toEqual(["one", "two", "three"]);
    expect(etcd.starts).toEqual([3, 5, 5]);
  });

  it("goes on after etcd was away", async () => {
    const { etcd, clock, seen } = await watching();
    etcd.isDown = true;
    etcd.cut();
    await clock.advance(60_000);
    etcd.put("two");
    etcd.isDown = false;
    await clock.advance(10_000);
    expect(seen).toEqual(["one", "two"]);
  });

  it("begins anew where the store does not remember its revision any more", async () => {
    const { etcd, clock, seen } = await watching();
    etcd.isDown = true;
    etcd.cut();
    await clock.advance(150);
    etcd.put("two");
    for (let change = 0; change < 10; change++) etcd.bump();
    etcd.compact();
    etcd.isDown = false;
    await clock.advance(10_000);
    expect(seen).toEqual(["one", "two"]);
    expect(etcd.starts.at(-1)).toBe(14);
    etcd.put("three");
    await clock.advance(0);
    expect(seen).toEqual(["one", "two", "three"]);
  });

  it("polls where it cannot watch", async () => {
    const { etcd, clock, seen } = await watching();
    etcd.refusesWatches = true;
    etcd.cut();
    await clock.advance(20_000);
    const before = etcd.ranges;
    etcd.put("two");
    await clock.advance(5000);
    expect(seen).toEqual(["one", "two"]);
    await clock.advance(60_000);
    expect(etcd.ranges - before).toBeLessThan(16);
  });

  it("tells when the key is deleted, once", async () => {
    const { etcd, clock, seen } = await watching();
    etcd.put(undefined);
    await clock.advance(100_000);
    expect(seen).toEqual(["one", "there is no key /alerting/rules"]);
  });

  it("leaves nothing behind when it is stopped", async () => {
    const { etcd, clock, seen } = await watching();
    for (const stop of stops.splice(0)) stop();
    etcd.put("two");
    await clock.advance(60_000);
    expect([seen, clock.pending]).toEqual([["one"], 0]);
  });
});

describe("an etcd URI", () => {
  it("names a server, a key and perhaps a user", () => {
    expect(parseEtcdUri("etcd://localhost/a")).toEqual({ origin: "http://localhost:2379", key: "/a" });
    expect(parseEtcdUri("etcds://ann:p%3Aw@[::1]:4000/tracing/sampling_rate")).toEqual({
      origin: "https://[::1]:4000",
      key: "/tracing/sampling_rate",
      user: { name: "ann", password: "p:w" },
    });
  });

  it.each(["etcd://localhost:2379", "etcd:///a", "etcd://localhost:2379/"])("must have both: %s", (uri) => {
    expect(() => parseEtcdUri(uri)).toThrow("write etcd://host:2379/key");
  });
});
