import type { MessageFields } from "./types.ts";

/** opentelemetry.proto.common.v1 and opentelemetry.proto.resource.v1, OTLP 1.11. */
export const COMMON_MESSAGES: Readonly<
  Record<"AnyValue" | "ArrayValue" | "KeyValueList" | "KeyValue" | "InstrumentationScope" | "EntityRef" | "Resource", MessageFields>
> = {
  AnyValue: [
    { number: 1, name: "string_value", json: "stringValue", kind: "string", oneof: "value" },
    { number: 2, name: "bool_value", json: "boolValue", kind: "bool", oneof: "value" },
    { number: 3, name: "int_value", json: "intValue", kind: "int64", oneof: "value" },
    { number: 4, name: "double_value", json: "doubleValue", kind: "double", oneof: "value" },
    { number: 5, name: "array_value", json: "arrayValue", kind: "message", message: "ArrayValue", oneof: "value" },
    { number: 6, name: "kvlist_value", json: "kvlistValue", kind: "message", message: "KeyValueList", oneof: "value" },
    { number: 7, name: "bytes_value", json: "bytesValue", kind: "bytes", oneof: "value" },
    { number: 8, name: "string_value_strindex", json: "stringValueStrindex", kind: "int32", oneof: "value" },
  ],
  ArrayValue: [{ number: 1, name: "values", json: "values", kind: "message", message: "AnyValue", repeated: true }],
  KeyValueList: [{ number: 1, name: "values", json: "values", kind: "message", message: "KeyValue", repeated: true }],
  KeyValue: [
    { number: 1, name: "key", json: "key", kind: "string" },
    { number: 2, name: "value", json: "value", kind: "message", message: "AnyValue" },
    { number: 3, name: "key_strindex", json: "keyStrindex", kind: "int32" },
  ],
  InstrumentationScope: [
    { number: 1, name: "name", json: "name", kind: "string" },
    { number: 2, name: "version", json: "version", kind: "string" },
    { number: 3, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 4, name: "dropped_attributes_count", json: "droppedAttributesCount", kind: "uint32" },
  ],
  EntityRef: [
    { number: 1, name: "schema_url", json: "schemaUrl", kind: "string" },
    { number: 2, name: "type", json: "type", kind: "string" },
    { number: 3, name: "id_keys", json: "idKeys", kind: "string", repeated: true },
    { number: 4, name: "description_keys", json: "descriptionKeys", kind: "string", repeated: true },
  ],
  Resource: [
    { number: 1, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 2, name: "dropped_attributes_count", json: "droppedAttributesCount", kind: "uint32" },
    { number: 3, name: "entity_refs", json: "entityRefs", kind: "message", message: "EntityRef", repeated: true },
  ],
};
