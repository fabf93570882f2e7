const LENGTH_DELIMITED = 2;
const SERVICE = 1;

/** Reads grpc.health.v1.HealthCheckRequest: field 1, the name of the service. Undefined when the bytes are something else. */
export function readServiceName(bytes: Uint8Array): string | undefined {
  let service = "";
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    // The message has one field only, and no version of it ever had another.
    if (tag !== SERVICE * 8 + LENGTH_DELIMITED) return undefined;
    const end = varint() + at;
    if (!(end <= bytes.length)) return undefined;
    service = Buffer.from(bytes.subarray(at, end)).toString("utf8");
    at = end;
  }
  return service;
}
