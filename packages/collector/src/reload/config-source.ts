import {
  EtcdProvider,
  HttpProvider,
  loadConfig,
  REMOTE_SCHEMES,
  type ConfigInput,
  type ConfigProvider,
  type LoadResult,
} from "@tidemark/config";
import type { Candidate, Clock } from "@tidemark/core";
import { loadRecorded } from "./load-recorded.ts";
import { FILE_SYSTEM, FileWatcher } from "./watch-files.ts";

/** What a source is made from: everything that `loadConfig` needs, but for the network. */
export interface SourceOptions extends Omit<ConfigInput, "readRemote"> {
  readonly clock: Clock;
  /** How often `http:` sources are asked for changes while they are watched, in milliseconds. */
  readonly pollMs: number;
}

/** Everything that was read to make a configuration, by path or URI. */
export type SourceTexts = Readonly<Record<string, string>>;

/** Where a configuration comes from: it can be read again, and watched. */
export class ConfigSource {
  readonly #options: SourceOptions;
  readonly #providers: readonly ConfigProvider[];
  /** What the last `load` has read. */
  #texts: SourceTexts = {};
  #unread: readonly string[] = [];
  #loaded: ((texts: SourceTexts) => void) | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    const io = { fetch: globalThis.fetch, clock: options.clock };
    this.#providers = [new HttpProvider(io, options.pollMs), new EtcdProvider(io)];
  }

  /** Everything that the last `load` has read, also when it failed. */
  get texts(): SourceTexts {
    return this.#texts;
  }

  /** What the last `load` was to read and could not. */
  get unread(): readonly string[] {
    return this.#unread;
  }

  async load(): Promise<LoadResult> {
    const texts: Record<string, string> = {};
    const unread = new Set<string>();
    const recorded = async (name: string, read: () => Promise<string>): Promise<string> => {
      texts[name] = UNREAD;
      unread.add(name);
      texts[name] = await read();
      unread.delete(name);
      return texts[name];
    };
    const { readFile } = this.#options;
    const result = await loadConfig({
      ...this.#options,
      readFile: (path) => recorded(path, () => readFile(path)),
      readRemote: (uri) => recorded(uri, () => this.#providerOf(uri).read(uri)),
    });
    this.#texts = texts;
    this.#unread = [...unread];
    this.#loaded?.(texts);
    return result;
  }

  /** Loads another configuration as this one is loaded, but from texts that were read elsewhere. */
  loadCandidate(candidate: Candidate): Promise<LoadResult> {
    return loadRecorded(candidate, this.#options);
  }

  /** Calls `changed` when something that was read has changed. Follows each `load`, as it may read other files than the one before. Returns how to end it. */
  watch(changed: (what: string) => void): () => void {
    const files = new FileWatcher(this.#options.clock, FILE_SYSTEM, () => changed("file change"));
    const remote = new Map<string, () => void>();
    this.#loaded = (texts) => {
      const names = Object.keys(texts);
      files.watch(names.filter((name) => !isRemote(name)));
      for (const [uri, stop] of remote) {
        if (names.includes(uri)) continue;
        stop();
        remote.delete(uri);
      }
      for (const uri of names.filter((name) => isRemote(name) && !remote.has(name))) {
        remote.set(
          uri,
          this.#providerOf(uri).watch(uri, () => changed("change of a remote source")),
        );
      }
    };
    this.#loaded(this.#texts);
    return () => {
      this.#loaded = undefined;
      files.close();
      for (const stop of remote.values()) stop();
    };
  }

  #providerOf(uri: string): ConfigProvider {
    const provider = this.#providers.find(({ schemes }) => schemes.includes(schemeOf(uri)));
    if (provider === undefined) throw new Error(`nothing reads ${schemeOf(uri)}:`);
    return provider;
  }
}

/** Stands for a text that could not be read; it is watched all the same. */
const UNREAD = "";

function isRemote(name: string): boolean {
  return REMOTE_SCHEMES.has(schemeOf(name));
}

function schemeOf(uri: string): string {
  return uri.slice(0, Math.max(0, uri.indexOf("://")));
}
