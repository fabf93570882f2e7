import { double, type AttributeKey, type AttributesEditor, type AttributeValue } from "@tidemark/otlp";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Changes the type of an attribute; one that is absent, or cannot be converted, stays as it is. */
export function convertAttribute(attributes: AttributesEditor, key: AttributeKey, to: "int" | "double" | "string"): void {
  const kind = attributes.kind(key);
  if (kind === undefined || kind === to) return;
  const value = attributes.get(key) ?? null;
  if (to === "string") attributes.set(key, textOf(value));
  else if (to === "int") {
    const int = intOf(value);
    if (int !== undefined) attributes.set(key, int);
  } else {
    const float = doubleOf(value);
    if (float !== undefined) attributes.set(key, double(float));
  }
}

/** A value as text, as the Collector writes it: bytes in base64, lists and maps as JSON. */
export function textOf(value: AttributeValue): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? Number(inner) : inner instanceof Uint8Array ? Buffer.from(inner).toString("base64") : inner,
  );
}

/** Decimal digits only; fractions of numbers are cut off. */
function intOf(value: AttributeValue): number | bigint | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return Number.isFinite(value) ? inRange(BigInt(Math.trunc(value))) : undefined;
  if (typeof value === "string" && /^[+-]?\d+$/.test(value)) return inRange(BigInt(value.replace(/^\+/, "")));
  return undefined;
}

function inRange(value: bigint): bigint | undefined {
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

function doubleOf(value: AttributeValue): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return undefined;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) {
    const number = Number(value);
    return Number.isFinite(number) ? number : undefined;
  }
  const word = /^([+-]?)(inf|infinity)$/i.exec(value);
  if (word !== null) return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^nan$/i.test(value) ? Number.NaN : undefined;
}
