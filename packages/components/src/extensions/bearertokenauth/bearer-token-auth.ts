import type { AuthData, ComponentContext, Extension, RequestHeaders } from "@tidemark/core";
import { digestOf, headerOf, matchesOne, unauthenticated } from "../../auth/secrets.ts";
import { WatchedFile, type ReadTextFile } from "../../files/watched-file.ts";
import type { BearerTokenAuthConfig } from "./config.ts";

/** A token says that its bearer may send, and nothing about who that is. */
const NO_DATA: AuthData = new Map();

/** Shows a token to servers, and accepts clients that show one of ours. */
export function createBearerTokenAuth(config: BearerTokenAuthConfig, context: ComponentContext, readText: ReadTextFile): Extension {
  const tokens = new Tokens(config);
  const file =
    config.filename === ""
      ? undefined
      : new WatchedFile({
          path: config.filename,
          readText,
          clock: context.clock,
          log: context.log,
          use: (text) => tokens.use(tokensIn(text, config.filename)),
        });
  return {
    serverAuthenticator: { authenticate: (headers) => tokens.authenticate(headers) },
    clientAuthenticator: { headers: () => tokens.headers },
    start: async () => {
      await file?.start();
    },
    shutdown: () => file?.stop(),
  };
}

/** The tokens that count now, in the forms in which they are compared and sent. */
class Tokens {
  readonly #header: string;
  readonly #scheme: string;
  #digests: readonly Buffer[] = [];
  #headers: Readonly<Record<string, string>> = {};

  constructor({ header, scheme, token, tokens, filename }: BearerTokenAuthConfig) {
    this.#header = header.toLowerCase();
    this.#scheme = scheme === "" ? "" : `${scheme} `;
    if (filename === "") this.use(token === undefined ? tokens : [token]);
  }

  /** What clients add to their requests. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  use(tokens: readonly string[]): void {
    this.#digests = tokens.map(digestOf);
    this.#headers = { [this.#header]: `${this.#scheme}${tokens[0] ?? ""}` };
  }

  authenticate(headers: RequestHeaders): AuthData {
    const value = headerOf(headers, this.#header);
    if (value === "") throw unauthenticated(`missing or empty authorization header: ${this.#header}`);
    const scheme = value.slice(0, this.#scheme.length);
    // The name of a scheme has no case (RFC 9110, section 11.1); a token has.
    const isOurs = scheme.toLowerCase() === this.#scheme.toLowerCase() && matchesOne(this.#digests, value.slice(scheme.length));
    if (!isOurs) throw unauthenticated("provided authorization does not match expected scheme or token");
    return NO_DATA;
  }
}

function tokensIn(text: string, path: string): readonly string[] {
  const tokens = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (tokens.length === 0) throw new Error(`${path} holds no token; write one in each line`);
  return tokens;
}
