import { lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";

/** Where a server listens. */
export type ListenAddress = { readonly host: string | undefined; readonly port: number } | { readonly path: string };

const NOT_OURS = "write an address of this machine, such as localhost, or 0.0.0.0 for all of them";
const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "stop the program that uses it or choose another endpoint",
  EADDRNOTAVAIL: NOT_OURS,
  ENOTFOUND: NOT_OURS,
  EAI_AGAIN: NOT_OURS,
};
const NOT_ALLOWED = { port: "choose a port from 1024 on", path: "choose a folder that this user may write to" } as const;

/** Reads `host:port`, `[v6]:port`, `:port` (all interfaces) or, for `transport: unix`, a path. Undefined when the text is none of them. */
export function parseListenAddress(endpoint: string, transport: "tcp" | "unix"): ListenAddress | undefined {
  if (transport === "unix") return endpoint === "" ? undefined : { path: endpoint };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(endpoint);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  const host = match[1] ?? match[2];
  return { host: host === "" ? undefined : host, port };
}

/**
 * Resolves when the server accepts connections; rejects with the endpoint in the message when it cannot. The file of a Unix socket that a dead
 * process has left is removed first; one on which somebody listens, or a file of another kind, is not touched.
 */
export async function listen(server: Server, address: ListenAddress, endpoint: string): Promise<void> {
  if ("path" in address && (await isStale(address.path))) await unlink(address.path);
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const hint = error.code === "EACCES" ? NOT_ALLOWED["path" in address ? "path" : "port"] : HINTS[error.code ?? ""];
      reject(new Error(`cannot listen on ${endpoint}: ${error.message}${hint === undefined ? "" : `; ${hint}`}`, { cause: error }));
    };
    server.once("error", failed);
    server.listen(
      "path" in address ? address : { port: address.port, ...(address.host === undefined ? {} : { host: address.host }) },
      () => {
        server.off("error", failed);
        resolve();
      },
    );
  });
}

/** Whether `path` is a socket on which nobody listens. */
async function isStale(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return false;
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
