import type { Signal } from "@tidemark/otlp";

/** Field with a length: tag, length, bytes. */
function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  return Buffer.from([...out, rest]);
}

function fixed64(number: number, value: bigint): Buffer {
  const out = Buffer.alloc(9);
  out[0] = number * 8 + 1;
  out.writeBigUInt64LE(value, 1);
  return out;
}

const TIME = 1_760_000_000_000_000_000n;

/** One span, log record, or gauge with one point, whose name or text is `text`. */
function item(signal: Signal, index: number, text: string): Buffer {
  if (signal === "logs") return field(2, fixed64(1, TIME), field(5, field(1, Buffer.from(text))));
  if (signal === "metrics") return field(2, field(1, Buffer.from(text)), field(5, field(1, fixed64(3, TIME), fixed64(4, BigInt(index)))));
  const id = Buffer.alloc(8, index + 1);
  return field(2, field(1, id, id), field(2, id), field(5, Buffer.from(text)), fixed64(7, TIME), fixed64(8, TIME + 1n));
}

/** An Export*ServiceRequest of `items` items, written by hand so that no code under test has a part in it. */
export function exportRequest(signal: Signal, items: number, text = "item"): Buffer {
  return field(1, field(2, ...Array.from({ length: items }, (_, index) => item(signal, index, text))));
}

/** A request of exactly `size` bytes (more than 200): one log record with a long body. */
export function exportRequestOfSize(size: number): Buffer {
  for (let text = size - 200; ;) {
    const head = headOfLog(text);
    const missing = size - head.length - text;
    if (missing === 0) {
      const bytes = Buffer.alloc(size, "x");
      head.copy(bytes);
      return bytes;
    }
    text += missing;
  }
}

/** What stands before the text of a request with one log record: the text is the last field on every level. */
function headOfLog(text: number): Buffer {
  let head = Buffer.alloc(0);
  const wrap = (number: number, before: Uint8Array = new Uint8Array()): void => {
    const body = before.length + head.length + text;
    head = Buffer.concat([varint(number * 8 + 2), varint(body), before, head]);
  };
  wrap(1);
  wrap(5);
  wrap(2, fixed64(1, TIME));
  wrap(2);
  wrap(1);
  return head;
}
