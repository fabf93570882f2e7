import { readPasswordHash, type PasswordHash } from "./password-hash.ts";

/** Who may come in, by user name. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** Reads the text of an htpasswd file: `user:hash` in each line; a later line for the same user wins. Throws an Error that names the line. */
export function readHtpasswd(text: string): Users {
  const users = new Map<string, PasswordHash>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`line ${index + 1} is not user:password; write a name, a colon, and the hash of the password`);
    const hash = readPasswordHash(line.slice(colon + 1));
    if (typeof hash === "string") throw new Error(`line ${index + 1}: ${hash}`);
    users.set(line.slice(0, colon), hash);
  }
  return users;
}
