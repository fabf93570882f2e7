import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock/system-clock.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Outcome } from "../contract/outcome.ts";
import { DELIVERED } from "../contract/outcome.ts";
import { recordingLogger } from "../testing/test-context.ts";
import { encodeDeliver, encodeFrame, FRAME } from "./exchange-frame.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerServer } from "./peer-server.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const batch: Batch = traces({ spans: [{ name: "op" }] });
const context = { receivedAt: 0, transport: "test" };

/** A server whose node takes everything, and a socket path to reach it. */
async function serving(maxBytes: number, receive: (delivery: Delivery) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "peers-"));
  const path = join(folder, "0.sock");
  const server = new PeerServer(
    { entry: (node) => (node === "node" ? receive : undefined), answer: () => null },
    maxBytes,
    recordingLogger([]),
  );
  await server.listen(path);
  cleanups.push(
    () => rm(folder, { recursive: true, force: true }),
    () => server.close(),
  );
  return path;
}

function sent(path: string): Promise<Outcome["kind"] | "turned away"> {
  const link = new PeerLink(0, path, systemClock);
  cleanups.push(async () => link.close());
  return new Promise((resolve) =>
    link.send({ node: "node", batch, context }, { answered: ({ kind }) => resolve(kind), turnedAway: () => resolve("turned away") }),
  );
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

describe("what a worker has room for from others", () => {
  const take = ({ settlement }: Delivery): void => settlement.settle(DELIVERED);

  it("is free again when the sender dies in the middle of a frame", async () => {
    const path = await serving(1000, take);
    const socket = await connected(path);
    const half = encodeDeliver(1, { node: "node", signal: "traces", context }, 900);
    // The first frame of another connection is answered after this one has been read.
    await new Promise<void>((resolve) => socket.write(half, () => resolve()));
    socket.write(encodeFrame(FRAME.ping, 2));
    await expect.poll(() => sent(path)).toBe("turned away");
    socket.destroy();
    await expect.poll(() => sent(path)).toBe("delivered");
  });

  it("is free again after a frame that cannot be read", async () => {
    const path = await serving(1000, take);
    const socket = await connected(path);
    socket.write(encodeFrame(FRAME.deliver, 1, Buffer.alloc(900, 0x7b)));
    await once(socket, "close");
    expect(await sent(path)).toBe("delivered");
  });

  it("stays in use while what was sent is not settled, even when the sender has died", async () => {
    const open: Delivery[] = [];
    const path = await serving(1, (delivery) => open.push(delivery));
    const socket = await connected(path);
    const bytes = batch.encode();
    socket.write(encodeDeliver(1, { node: "node", signal: "traces", context }, bytes.length));
    socket.write(bytes);
    await expect.poll(() => open.length).toBe(1);
    socket.destroy();
    expect(await sent(path)).toBe("turned away");
    open[0]!.settlement.settle(DELIVERED);
    const again = sent(path);
    await expect.poll(() => open.length).toBe(2);
    open[1]!.settlement.settle(DELIVERED);
    expect(await again).toBe("delivered");
  });
});
