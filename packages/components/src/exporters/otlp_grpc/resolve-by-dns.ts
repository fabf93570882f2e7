import { lookup } from "node:dns/promises";

/** All addresses of a host, as the system knows them (name server, hosts file). */
export async function resolveByDns(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
