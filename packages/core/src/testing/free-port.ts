import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below the ports that systems give to connections that go out: one of those could be taken before it is listened on. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Several such ports. They are looked for at once: found one after the other they might be the same. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Map<number, Server>();
  while (found.size < count) {
    const port = FIRST_PORT + randomInt(PORTS);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
      found.set(port, server);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  await Promise.all([...found.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...found.keys()];
}
