import type { SourceText } from "../yaml/source-text.ts";

/** What the resolver may use of the outside world. */
export interface ConfigIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  /** Reads what the schemes of `REMOTE_SCHEMES` name. */
  readonly readRemote: (uri: string) => Promise<string>;
  /** Registers a text under the name by which users know it. */
  readonly source: (name: string, text: string) => SourceText;
  /** Counts characters that are gone through. @throws TooLarge when a configuration takes more than any that people write. */
  readonly spend: (characters: number) => void;
}

/** The configuration is not read to its end: it would take too long, or too much memory. */
export class TooLarge extends RangeError {
  override readonly name = "TooLarge";
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** Some seconds. References can make a short text into one that takes hours. */
const MOST_CHARACTERS = 100_000_000;
/** To parse a character takes so much longer than to copy one. */
export const PARSING = 20;
/** A value takes as much memory as so many characters. */
export const VALUE = 250;

/** Binds the outside world, and numbers the sources in the order in which they are read. */
export function configIo({ env, readFile, readRemote }: Omit<ConfigIo, "source" | "spend">): ConfigIo {
  let order = 0;
  let left = MOST_CHARACTERS;
  const spend = (characters: number): void => {
    left -= characters;
    if (left < 0)
      throw new TooLarge("the configuration is too large once its references are written out", "use fewer and shorter references");
  };
  const source = (name: string, text: string): SourceText => {
    spend(text.length * PARSING);
    return { name, text, order: order++ };
  };
  return { env, readFile, readRemote, source, spend };
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
