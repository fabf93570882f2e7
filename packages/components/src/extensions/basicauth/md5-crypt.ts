import { createHash } from "node:crypto";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ROUNDS = 1000;
/** Order in which the bytes of the last digest are written: groups of three, 6 bits a character, and the rest. */
const GROUPS: readonly (readonly [number, number, number])[] = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
];

function md5(parts: readonly Buffer[]): Buffer {
  const digest = createHash("md5");
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** The MD5-based crypt of FreeBSD (`$1$`) and of Apache (`$apr1$`): gives the whole text `magic` + salt + `$` + hash. */
export function md5Crypt(password: string, salt: string, magic: "$1$" | "$apr1$"): string {
  const key = Buffer.from(password, "utf8");
  const saltBytes = Buffer.from(salt.slice(0, 8), "latin1");
  let digest = start(key, saltBytes, magic);
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = (round & 1) === 1;
    const parts = [odd ? key : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(key);
    parts.push(odd ? digest : key);
    digest = md5(parts);
  }
  return `${magic}${salt.slice(0, 8)}$${encode(digest)}`;
}

/** The first digest: key, magic and salt; as many bytes of md5(key, salt, key) as the key has; and for each bit of its length a byte. */
function start(key: Buffer, salt: Buffer, magic: string): Buffer {
  const inner = md5([key, salt, key]);
  const parts = [key, Buffer.from(magic, "latin1"), salt];
  for (let left = key.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>>= 1) parts.push((bits & 1) === 1 ? Buffer.from([0]) : key.subarray(0, 1));
  return md5(parts);
}

function encode(digest: Buffer): string {
  let text = "";
  const write = (value: number, characters: number): void => {
    for (let i = 0; i < characters; i += 1) text += ALPHABET.charAt((value >>> (6 * i)) & 0x3f);
  };
  for (const [a, b, c] of GROUPS) write((digest.readUInt8(a) << 16) | (digest.readUInt8(b) << 8) | digest.readUInt8(c), 4);
  write(digest.readUInt8(11), 2);
  return text;
}
