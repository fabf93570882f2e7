import protobuf from "protobufjs";
import { protoRoot } from "../lib/proto-types.ts";
import type { Tape } from "./tape.ts";

const TEXTS = ["", "a", "service.name", "room_id", "ü€😀", "x".repeat(130), "\u0000\n", "deployment.environment"];
const INTEGERS = [0n, 1n, 127n, 128n, 300n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n, 1_750_000_000_000_000_000n];
const DOUBLES = [0, 1.5, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1e308, 2, -7];
const WIRE: Readonly<Record<string, number>> = {
  string: 2,
  bytes: 2,
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
  sfixed32: 5,
  float: 5,
};
const DEEPEST = 80;

/** A message that was written, and whether it is what a sound encoder writes. */
export interface WrittenMessage {
  readonly bytes: Buffer;
  readonly sound: boolean;
}

/** Writes OTLP messages as their .proto files allow, and now and then otherwise. */
export class MessageWriter {
  readonly root: protobuf.Root = protoRoot();
  #sound = true;

  write(typeName: string, tape: Tape): WrittenMessage {
    this.#sound = true;
    let bytes = this.#message(this.root.lookupType(typeName), tape, 0);
    if (tape.chance(24)) bytes = this.#damage(bytes, tape);
    return { bytes, sound: this.#sound };
  }

  #message(type: protobuf.Type, tape: Tape, depth: number): Buffer {
    const inner = type.fieldsArray.filter((field) => field.repeated && field.resolve().resolvedType instanceof protobuf.Type);
    const used = new Set<string>();
    const parts: Buffer[] = [];
    for (let count = tape.below(9); count > 0 && !tape.isOver; count--) {
      const field = inner.length > 0 && tape.byte() < 128 ? tape.pick(inner) : tape.pick(type.fieldsArray);
      const group = field.partOf?.name ?? field.name;
      if (!field.repeated && used.has(group)) {
        if (!tape.chance(32)) continue;
        this.#sound = false;
      }
      used.add(group);
      parts.push(this.#field(field, tape, depth));
      if (tape.chance(4)) parts.push(this.#unknown(tape));
    }
    return Buffer.concat(parts);
  }

  #field(field: protobuf.Field, tape: Tape, depth: number): Buffer {
    if (tape.chance(3)) return this.#damagedField(field, tape);
    const resolved = field.resolve().resolvedType;
    if (resolved instanceof protobuf.Type) {
      const nested = depth < DEEPEST ? this.#message(resolved, tape, depth + 1) : Buffer.alloc(0);
      return this.#framed(field.id, nested, tape);
    }
    const type = resolved instanceof protobuf.Enum ? "int32" : field.type;
    const wire = WIRE[type] ?? 0;
    if (wire === 2) return this.#framed(field.id, type === "string" ? this.#text(tape) : this.#bytes(field.name, tape), tape);
    if (!field.repeated) return Buffer.concat([tag(field.id, wire), scalar(type, tape)]);
    const values = Array.from({ length: tape.below(6) }, () => scalar(type, tape));
    // Repeated numbers may come packed or one by one.
    if (tape.byte() < 192) return this.#framed(field.id, Buffer.concat(values), tape);
    return Buffer.concat(values.flatMap((value) => [tag(field.id, wire), value]));
  }

  /** Field, length, content; a length may be longer than it must be, and wrong. */
  #framed(id: number, content: Buffer, tape: Tape): Buffer {
    const kind = tape.byte();
    if (kind >= 254) {
      this.#sound = false;
      return Buffer.concat([tag(id, 2), varint(BigInt(content.length + tape.below(9))), content]);
    }
    const length = varint(BigInt(content.length));
    if (kind >= 250) return Buffer.concat([tag(id, 2), stretched(length), content]);
    return Buffer.concat([tag(id, 2), length, content]);
  }

  #text(tape: Tape): Buffer {
    if (!tape.chance(6)) return Buffer.from(tape.pick(TEXTS));
    this.#sound = false;
    return tape.noise(tape.below(20));
  }

  #bytes(name: string, tape: Tape): Buffer {
    const length =
      name.endsWith("raceId") || name === "trace_id" ? 16 : name.endsWith("panId") || name.endsWith("span_id") ? 8 : tape.below(20);
    if (!tape.chance(6)) return tape.noise(length);
    this.#sound = false;
    return tape.noise(tape.below(20));
  }

  /** A field that no .proto file names, in any wire type. */
  #unknown(tape: Tape): Buffer {
    const id = 1000 + tape.below(2000);
    this.#sound = false;
    const forms = [
      [tag(id, 0), varint(tape.pick(INTEGERS))],
      [tag(id, 1), tape.noise(8)],
      [tag(id, 2), varint(5n), tape.noise(5)],
      [tag(id, 5), tape.noise(4)],
      [tag(id, 3), tag(id, 4)],
      [tag(0, 0), varint(1n)],
      [tag(id, 6)],
    ];
    return Buffer.concat(tape.pick(forms));
  }

  #damagedField({ id }: protobuf.Field, tape: Tape): Buffer {
    this.#sound = false;
    return Buffer.concat([tag(id, tape.below(8)), tape.noise(tape.below(12))]);
  }

  #damage(bytes: Buffer, tape: Tape): Buffer {
    this.#sound = false;
    const at = tape.below(bytes.length + 1);
    const length = tape.below(16);
    switch (tape.below(5)) {
      case 0:
        return bytes.subarray(0, at);
      case 1:
        return Buffer.concat([bytes.subarray(0, at), tape.noise(length), bytes.subarray(at)]);
      case 2:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length))]);
      case 3:
        return Buffer.concat([bytes.subarray(0, at), bytes]);
      default: {
        const copy = Buffer.from(bytes);
        if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << tape.below(8));
        return copy;
      }
    }
  }
}

function scalar(type: string, tape: Tape): Buffer {
  const bytes = Buffer.alloc(8);
  if (type === "double") {
    bytes.writeDoubleLE(tape.pick(DOUBLES));
    return bytes;
  }
  const value = tape.pick(INTEGERS);
  if (type === "fixed64" || type === "sfixed64") {
    bytes.writeBigUInt64LE(value);
    return bytes;
  }
  if (type === "fixed32") {
    bytes.writeUInt32LE(Number(value & 0xffff_ffffn));
    return bytes.subarray(0, 4);
  }
  if (type === "bool") return varint(value & 1n);
  if (type === "sint32") return varint(value & 0xffff_ffffn);
  return varint(type.endsWith("32") ? value & 0x7fff_ffffn : value);
}

function tag(id: number, wire: number): Buffer {
  return varint((BigInt(id) << 3n) | BigInt(wire));
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** The same number in one byte more. */
function stretched(number: Buffer): Buffer {
  const bytes = Buffer.concat([number, Buffer.from([0])]);
  bytes[number.length - 1] = (bytes[number.length - 1] ?? 0) | 0x80;
  return bytes;
}
