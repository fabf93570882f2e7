import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "./child.ts";

/** Folder of the programs that Tidemark is compared with. */
export const PEERS: string = process.env["PEERS"] ?? join(homedir(), ".cache/otlp-peers");
/** The Go Collector among them. */
export const OTELCOL: string = join(PEERS, "otelcol-peer");
/** The script that builds them. It is no part of this repository and may be missing. */
export const BUILD_PEERS: string = join(root, "../shared/peers/build.sh");
