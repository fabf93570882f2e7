import { createHash, timingSafeEqual } from "node:crypto";
import { compare } from "bcryptjs";
import { digestOf, matchesOne } from "../../auth/secrets.ts";
import { md5Crypt } from "./md5-crypt.ts";

/** What a line of an htpasswd file says about a password. */
export type PasswordHash =
  | { readonly slow: false; matches(password: string): boolean }
  /** Made to take long: must not be computed for every request. */
  | { readonly slow: true; matches(password: string): Promise<boolean> };

const BCRYPT = /^\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}$/;
const MD5_CRYPT = /^(\$1\$|\$apr1\$)([^$]{1,8})\$[./A-Za-z0-9]{22}$/;
const SHA1_BYTES = 20;

/** Reads the part after the colon; gives the words for an error where it is of a kind that cannot be checked. */
export function readPasswordHash(text: string): PasswordHash | string {
  if (BCRYPT.test(text)) return { slow: true, matches: (password) => compare(password, text) };
  const md5 = MD5_CRYPT.exec(text);
  if (md5 !== null) {
    const digest = digestOf(text);
    const [, magic, salt = ""] = md5;
    return { slow: false, matches: (password) => matchesOne([digest], md5Crypt(password, salt, magic === "$1$" ? "$1$" : "$apr1$")) };
  }
  if (text.startsWith("{SHA}") || text.startsWith("{SSHA}")) return sha1Hash(text);
  const kind = /^(\$[A-Za-z0-9-]+\$|\{[A-Za-z0-9-]+\})/.exec(text)?.[1];
  if (kind !== undefined) return `a password hash of the kind ${kind} cannot be checked; make one with: htpasswd -nB USER`;
  const digest = digestOf(text);
  return { slow: false, matches: (password) => matchesOne([digest], password) };
}

/** `{SHA}` base64 of the digest; `{SSHA}` base64 of the digest of password and salt, then the salt. */
function sha1Hash(text: string): PasswordHash | string {
  const bytes = Buffer.from(text.slice(text.indexOf("}") + 1), "base64");
  const digest = bytes.subarray(0, SHA1_BYTES);
  const salt = bytes.subarray(SHA1_BYTES);
  const isPlain = text.startsWith("{SHA}");
  if (digest.length < SHA1_BYTES || (isPlain && salt.length > 0))
    return "a password hash of SHA-1 has not 20 bytes; make one with: htpasswd -nB USER";
  return { slow: false, matches: (password) => timingSafeEqual(createHash("sha1").update(password).update(salt).digest(), digest) };
}
