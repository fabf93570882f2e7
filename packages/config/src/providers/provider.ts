import type { Clock } from "@tidemark/core";

/** A place outside the machine's own files that holds configuration text. */
export interface ConfigProvider {
  /** The schemes of its URIs, without the colon. */
  readonly schemes: readonly string[];
  /**
   * The text at `uri`.
   * @throws Error in words for users.
   */
  read(uri: string): Promise<string>;
  /** Calls `changed` when the text may have become another one than `read` gave last. Returns how to end it. */
  watch(uri: string, changed: () => void): () => void;
}

/** What providers use of the world. */
export interface ProviderIo {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

/** A URI as it may be shown: without the password. */
export function withoutPassword(uri: string): string {
  return uri.replace(/^([^:]+:\/\/[^/?#@:]*):[^/?#]*@/, "$1:***@");
}
