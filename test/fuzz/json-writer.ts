import protobuf from "protobufjs";
import { protoRoot } from "../lib/proto-types.ts";
import type { Tape } from "./tape.ts";

const TEXTS = ['""', '"a"', '"service.name"', '"\\u00fc\\ud83d\\ude00"', '"é€"', '"\\n\\t\\"\\\\\\/"', `"${"x".repeat(130)}"`];
const INTEGERS = ['"0"', "1", '"300"', '"9223372036854775807"', "-1", '"1750000000000000000"', "1e3", "5"];
const DOUBLES = ["0", "1.5", '"NaN"', '"Infinity"', '"-Infinity"', "-0", "1e308", "5e-324", '"2.5"'];
/** Sound JSON in a wrong place, and what is no JSON. */
const STRANGE = ["null", "true", '"x"', "[]", "{}", "[1]", '{"a":1}', "1e999", "-", '"\\x"', "tru", '"\\ud800"', "01", "", "9".repeat(40)];
const DEEPEST = 80;

/** Text that was written, and whether it is what a sound encoder writes. */
export interface WrittenText {
  readonly bytes: Buffer;
  readonly sound: boolean;
}

/** Writes OTLP/JSON as the mapping allows, and now and then otherwise. */
export class JsonWriter {
  readonly #root = protoRoot();
  #sound = true;

  write(typeName: string, tape: Tape): WrittenText {
    this.#sound = true;
    let bytes = Buffer.from(this.#message(this.#root.lookupType(typeName), tape, 0));
    if (tape.chance(24)) bytes = this.#damage(bytes, tape);
    return { bytes, sound: this.#sound };
  }

  #message(type: protobuf.Type, tape: Tape, depth: number): string {
    const inner = type.fieldsArray.filter((field) => field.repeated && field.resolve().resolvedType instanceof protobuf.Type);
    const used = new Set<string>();
    const parts: string[] = [];
    for (let count = tape.below(8); count > 0 && !tape.isOver; count--) {
      const field = inner.length > 0 && tape.byte() < 128 ? tape.pick(inner) : tape.pick(type.fieldsArray);
      const group = field.partOf?.name ?? field.name;
      if (used.has(group)) {
        if (!tape.chance(16)) continue;
        this.#sound = false;
      }
      used.add(group);
      const space = tape.chance(16) ? " \n\t" : "";
      parts.push(`${space}"${this.#name(field, tape)}"${space}:${space}${this.#value(field, tape, depth)}`);
      if (tape.chance(4)) parts.push(`"unknown":${this.#strange(tape)}`);
    }
    return `{${parts.join(",")}}`;
  }

  #name(field: protobuf.Field, tape: Tape): string {
    const name = protobuf.util.camelCase(field.name);
    if (!tape.chance(4)) return name;
    this.#sound = false;
    return tape.pick([name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), name.toUpperCase(), name.slice(1), `\\u0061${name}`]);
  }

  #value(field: protobuf.Field, tape: Tape, depth: number): string {
    if (tape.chance(5)) return this.#strange(tape);
    if (!field.repeated) return this.#single(field, tape, depth);
    return `[${Array.from({ length: tape.below(4) }, () => this.#single(field, tape, depth)).join(",")}]`;
  }

  #single(field: protobuf.Field, tape: Tape, depth: number): string {
    const resolved = field.resolve().resolvedType;
    if (resolved instanceof protobuf.Type) return depth < DEEPEST ? this.#message(resolved, tape, depth + 1) : "{}";
    if (resolved instanceof protobuf.Enum) return String(tape.below(5));
    if (field.type === "string") return tape.pick(TEXTS);
    if (field.type === "double") return tape.pick(DOUBLES);
    if (field.type === "bool") return tape.pick(["false", "true"]);
    if (field.type === "bytes") {
      const name = protobuf.util.camelCase(field.name);
      if (name === "traceId") return `"${tape.noise(16).toString("hex")}"`;
      if (name.endsWith("panId")) return `"${tape.noise(8).toString("hex")}"`;
      return `"${tape.noise(tape.below(10)).toString("base64")}"`;
    }
    if (field.type.endsWith("32")) return tape.pick(["0", "1", "77", '"5"']);
    const value = tape.pick(INTEGERS);
    if (value === "-1" && (field.type === "uint64" || field.type === "fixed64")) return "0";
    return value;
  }

  #strange(tape: Tape): string {
    this.#sound = false;
    if (tape.chance(32)) return `${"[".repeat(tape.below(3000))}${"]".repeat(tape.below(3000))}`;
    return tape.pick(STRANGE);
  }

  #damage(bytes: Buffer, tape: Tape): Buffer<ArrayBuffer> {
    this.#sound = false;
    const at = tape.below(bytes.length + 1);
    if (tape.byte() < 64) return Buffer.from(bytes.subarray(0, at));
    const noise = tape.byte() < 128 ? tape.noise(tape.below(4)) : Buffer.from(tape.pick(STRANGE));
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(Math.min(bytes.length, at + tape.below(6)))]);
  }
}
