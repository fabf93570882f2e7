import { describe, expect, it } from "vitest";
import { readPasswordHash } from "./password-hash.ts";

/** Made with openssl passwd, crypt(3) of the GNU C library, and sha1sum. */
const HASHES: readonly (readonly [string, string])[] = [
  ["$apr1$abcdefgh$NriZ3KceyQFy368Ufp8U./", "pass word"],
  ["$1$ab$.dJa9VJUx3tlDX5dzzu5c1", "pass word"],
  ["$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "myPassword"],
  ["$apr1$x$tMwYqBfQwi3FYAr0aJc8M/", ""],
  ["$apr1$12345678$IthAgw.ciX2m9pgFV9PlY1", "a-much-longer-password-than-sixteen-bytes-ü"],
  ["{SHA}2oguq15ANCGsJCWKX31fllwpyEk=", "pass word"],
  ["{SSHA}UFAL1Y6rU6p3E9OM0Q51KWVEkV1zYWx0", "pass word"],
  ["$2b$04$abcdefghijklmnopqrstuuFcV8WPKEefLKdOWfX8pW1yTVya21P7a", "pass word"],
  ["$2y$04$abcdefghijklmnopqrstuuFcV8WPKEefLKdOWfX8pW1yTVya21P7a", "pass word"],
  ["in plain: text", "in plain: text"],
];

describe("password hashes", () => {
  it.each(HASHES)("%s is that of %j and of nothing else", async (text, password) => {
    const hash = readPasswordHash(text);
    if (typeof hash === "string") throw new Error(hash);
    expect(await hash.matches(password)).toBe(true);
    expect(await hash.matches(`${password}x`)).toBe(false);
    expect(await hash.matches(text === password ? password.toUpperCase() : text)).toBe(false);
    expect(hash.slow).toBe(text.startsWith("$2"));
  });

  it.each([
    ["$6$salt$abc", "a password hash of the kind $6$ cannot be checked; make one with: htpasswd -nB USER"],
    ["$argon2id$v=19$x", "a password hash of the kind $argon2id$ cannot be checked; make one with: htpasswd -nB USER"],
    ["{SSHA512}abc", "a password hash of the kind {SSHA512} cannot be checked; make one with: htpasswd -nB USER"],
    ["$2b$04$short", "a password hash of the kind $2b$ cannot be checked; make one with: htpasswd -nB USER"],
    ["{SHA}c2hvcnQ=", "a password hash of SHA-1 has not 20 bytes; make one with: htpasswd -nB USER"],
  ])("%s: %s", (text, problem) => {
    expect(readPasswordHash(text)).toBe(problem);
  });
});
