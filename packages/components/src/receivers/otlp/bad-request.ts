const TYPE_URL = "type.googleapis.com/google.rpc.BadRequest";
/** Header lists of gRPC clients are limited: the detail stands there in base64 beside the message. */
const MAX_CHARS = 512;

/** What is wrong with the data, and where: `google.rpc.BadRequest.FieldViolation`. */
export interface Violation {
  /** Field names from the request down; "" at the top. */
  readonly field: string;
  readonly description: string;
}

/**
 * `details` of a google.rpc.Status with one BadRequest, in protobuf. Messages concatenate: it is put behind the Status.
 *   Status.details = 3: Any { type_url = 1, value = 2: BadRequest { field_violations = 1: { field = 1, description = 2 } } }
 */
export function badRequestBytes({ field, description }: Violation): Uint8Array {
  const violation = [text(1, field.slice(0, MAX_CHARS)), text(2, description.slice(0, MAX_CHARS))];
  return part(3, text(1, TYPE_URL), part(2, part(1, ...violation)));
}

/** The same in the JSON form of Any. */
export function badRequestJson({ field, description }: Violation): object {
  return { "@type": TYPE_URL, fieldViolations: [{ field: field.slice(0, MAX_CHARS), description: description.slice(0, MAX_CHARS) }] };
}

function text(field: number, value: string): Buffer {
  return part(field, Buffer.from(value, "utf8"));
}

/** A field with a length; all of them are short. */
function part(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, each) => sum + each.length, 0);
  const head = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
  return Buffer.concat([Buffer.from([field * 8 + 2, ...head]), ...parts]);
}
