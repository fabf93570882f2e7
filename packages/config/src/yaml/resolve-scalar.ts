import type { ScalarValue } from "./config-node.ts";

const NULL = /^(?:|~|null|Null|NULL)$/;
const BOOL = /^(?:true|True|TRUE|false|False|FALSE)$/;
const INT = /^([-+]?)(?:0x([0-9a-fA-F]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NAN = /^\.(?:nan|NaN|NAN)$/;

/**
 * The type of a plain scalar by the rules of the YAML library that the Collector uses: YAML 1.2 core, with the 1.1 integers
 * `0123` (octal), `0b1` and `1_000`. Timestamps, `yes`, `no`, `on` and `off` stay text.
 */
export function resolvePlain(text: string): ScalarValue {
  if (NULL.test(text)) return null;
  if (BOOL.test(text)) return text.toLowerCase() === "true";
  const digits = text.replaceAll("_", "");
  const int = INT.exec(digits);
  if (int !== null && /[0-9]/.test(text[0] === "-" || text[0] === "+" ? (text[1] ?? "") : (text[0] ?? ""))) return signed(int);
  if (FLOAT.test(digits) && !text.startsWith("_")) return Number(digits);
  if (INFINITE.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (NAN.test(text)) return Number.NaN;
  return text;
}

function signed(match: RegExpExecArray): number {
  const [, sign, hex, binary, octal, decimal] = match;
  const size =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : binary !== undefined
        ? Number.parseInt(binary, 2)
        : octal !== undefined
          ? Number.parseInt(octal, 8)
          : Number(decimal);
  return sign === "-" && size !== 0 ? -size : size;
}
