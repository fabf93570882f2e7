import type { SourceText } from "../yaml/source-text.ts";

/** What the resolver may use of the outside world. */
export interface ConfigIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  /** Reads what the schemes of `REMOTE_SCHEMES` name. */
  readonly readRemote: (uri: string) => Promise<string>;
  /** Registers a text under the name by which users know it. */
  readonly source: (name: string, text: string) => SourceText;
}

/** Binds the outside world, and numbers the sources in the order in which they are read. */
export function configIo({ env, readFile, readRemote }: Omit<ConfigIo, "source">): ConfigIo {
  let order = 0;
  return { env, readFile, readRemote, source: (name, text) => ({ name, text, order: order++ }) };
}

/** A Collector location: `scheme:value`. */
export interface Location {
  readonly scheme: string;
  readonly value: string;
}

/** The schemes that exist here. */
export const SCHEMES: readonly string[] = ["env", "file", "yaml", "http", "https", "etcd", "etcds"];
/** Those of them that are read over the network. */
export const REMOTE_SCHEMES: ReadonlySet<string> = new Set(["http", "https", "etcd", "etcds"]);

/** Splits a location; `undefined` where the text is none. A scheme has two characters at least, so `C:\x` has none. */
export function parseLocation(uri: string): Location | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(uri);
  return match === null ? undefined : { scheme: match[1] ?? "", value: match[2] ?? "" };
}

/** Why a file could not be read, in words instead of an error code. */
export function readFailure(caught: unknown): string {
  const code = caught instanceof Error && "code" in caught ? String(caught.code) : "";
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a directory";
    case "EACCES":
      return "permission denied";
    default:
      return caught instanceof Error ? (caught.message.split("\n")[0] ?? "") : String(caught);
  }
}
