import { hash } from "node:crypto";
import type { AttributeKey, AttributesEditor } from "@tidemark/otlp";

/**
 * Puts the SHA-1 of a value in its place, in hex. As in the Collector, numbers are hashed as their eight bytes, lowest first, booleans as
 * one; of what has no such bytes (empty texts, lists, maps) an empty text is left.
 */
export function hashAttribute(attributes: AttributesEditor, key: AttributeKey | string): void {
  const kind = attributes.kind(key);
  if (kind === undefined) return;
  const bytes = bytesOf(kind, attributes.get(key));
  attributes.set(key, bytes.length === 0 ? "" : hash("sha1", bytes, "hex"));
}

function bytesOf(kind: string, value: unknown): Buffer {
  switch (kind) {
    case "string":
      return Buffer.from(String(value), "utf8");
    case "bool":
      return Buffer.from([value === true ? 1 : 0]);
    case "int": {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value as number | bigint));
      return bytes;
    }
    case "double": {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return bytes;
    }
    default:
      return Buffer.alloc(0);
  }
}
