/** Where a channel connects to. `secure` is undefined where the endpoint leaves it to `tls`. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean | undefined;
  /** Whether each address of the host is an endpoint of its own (`dns:`). */
  readonly resolves: boolean;
}

const DEFAULT_PORT = 4317;

/** Reads `host:port`, `[v6]:port`, `http://…`, `https://…`, `dns:///host:port` and `passthrough:///host:port`. */
export function parseTarget(endpoint: string): Target | undefined {
  const match = /^(?:(https?):\/\/|(dns|passthrough):(?:\/\/[^/]*)?\/?)?(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?\/?$/.exec(
    endpoint,
  );
  const host = match?.[3] ?? match?.[4];
  if (match === null || host === undefined) return undefined;
  const scheme = match[1];
  const port = match[5] === undefined ? defaultPort(scheme) : Number(match[5]);
  if (port < 1 || port > 65_535) return undefined;
  return { host, port, secure: scheme === undefined ? undefined : scheme === "https", resolves: match[2] === "dns" };
}

function defaultPort(scheme: string | undefined): number {
  if (scheme === "https") return 443;
  return scheme === "http" ? 80 : DEFAULT_PORT;
}
