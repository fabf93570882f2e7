/** Where a channel connects to. `secure` is undefined where the endpoint leaves it to `tls`. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean | undefined;
}

const DEFAULT_PORT = 4317;

/** Reads `host:port`, `[v6]:port`, `http://…`, `https://…`, `dns:///host:port` and `passthrough:///host:port`. */
export function parseTarget(endpoint: string): Target | undefined {
  const match = /^(?:(https?):\/\/|(?:dns|passthrough):(?:\/\/[^/]*)?\/?)?(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?\/?$/.exec(
    endpoint,
  );
  const host = match?.[2] ?? match?.[3];
  if (match === null || host === undefined) return undefined;
  const scheme = match[1];
  const port = match[4] === undefined ? defaultPort(scheme) : Number(match[4]);
  if (port < 1 || port > 65_535) return undefined;
  return { host, port, secure: scheme === undefined ? undefined : scheme === "https" };
}

function defaultPort(scheme: string | undefined): number {
  if (scheme === "https") return 443;
  return scheme === "http" ? 80 : DEFAULT_PORT;
}
