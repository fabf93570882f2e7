import type { AuthData, Clock, RequestHeaders, ServerAuthenticator } from "@tidemark/core";
import { digestOf, headerOf, unauthenticated } from "../../auth/secrets.ts";
import type { Users } from "./htpasswd.ts";
import { SlowLane } from "./slow-lane.ts";

/** Remembered clients; when there are more, all are forgotten and checked anew. */
const REMEMBERED_LIMIT = 4096;
const SCHEME = "basic ";

/** Who a request says it is from. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  /** As they came: base64 of `user:password`. */
  readonly raw: string;
}

/** Checks user names and passwords. Those that were right once are remembered by a digest, so that slow hashes cost nothing after it. */
export class BasicServer implements ServerAuthenticator {
  /** RFC 7617 2 */
  readonly challenge = 'Basic realm="tidemark", charset="UTF-8"';
  readonly #lane: SlowLane;
  readonly #right = new Map<string, AuthData>();
  #users: Users = new Map();

  constructor(clock: Clock) {
    this.#lane = new SlowLane(clock);
  }

  /** From now on these users may come in, and nobody else. */
  use(users: Users): void {
    this.#users = users;
    this.#right.clear();
  }

  authenticate(headers: RequestHeaders): AuthData | Promise<AuthData> {
    const header = headerOf(headers, "authorization");
    if (header === "") throw unauthenticated("no basic auth provided");
    const digest = digestOf(header).toString("base64");
    const known = this.#right.get(digest);
    if (known !== undefined) return known;
    const credentials = credentialsOf(header);
    const users = this.#users;
    const hash = users.get(credentials.username);
    if (hash === undefined) throw unauthenticated("invalid credentials");
    if (!hash.slow) return this.#answer(hash.matches(credentials.password), users, digest, credentials);
    return this.#lane.run(() => hash.matches(credentials.password)).then((matches) => this.#answer(matches, users, digest, credentials));
  }

  #answer(matches: boolean, users: Users, digest: string, { username, raw }: Credentials): AuthData {
    if (!matches) throw unauthenticated("invalid credentials");
    const data: AuthData = new Map([
      ["username", username],
      ["raw", raw],
    ]);
    if (this.#right.size >= REMEMBERED_LIMIT) this.#right.clear();
    // The users may have changed while a slow hash was computed.
    if (users === this.#users) this.#right.set(digest, data);
    return data;
  }
}

function credentialsOf(header: string): Credentials {
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) throw unauthenticated("invalid authorization scheme prefix");
  const raw = header.slice(SCHEME.length).trim();
  const text = Buffer.from(raw, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(raw)) throw unauthenticated("invalid authorization format");
  return { username: text.slice(0, colon), password: text.slice(colon + 1), raw };
}
