/** Writes protobuf messages the plain way, for requests that are built once. Independent of the codec under test. */
export type Field = Uint8Array;

const text = new TextEncoder();

/** A varint field (wire type 0). */
export function varint(field: number, value: number | bigint): Field {
  return join([key(field, 0), base128(BigInt(value))]);
}

/** A fixed64 field (wire type 1) that holds an integer. */
export function fixed64(field: number, value: bigint): Field {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return join([key(field, 1), bytes]);
}

/** A double field (wire type 1). */
export function double(field: number, value: number): Field {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return join([key(field, 1), bytes]);
}

/** A length-delimited field (wire type 2): a string, bytes, or a message made of fields. */
export function length(field: number, content: string | Uint8Array | readonly Field[]): Field {
  const bytes = typeof content === "string" ? text.encode(content) : content instanceof Uint8Array ? content : join(content);
  return join([key(field, 2), base128(BigInt(bytes.length)), bytes]);
}

/** A KeyValue message as `field`, with a string or an integer. */
export function attribute(field: number, name: string, value: string | number): Field {
  return length(field, [length(1, name), length(2, [typeof value === "string" ? length(1, value) : varint(3, value)])]);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function key(field: number, wireType: number): Uint8Array {
  return base128(BigInt((field << 3) | wireType));
}

function base128(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
