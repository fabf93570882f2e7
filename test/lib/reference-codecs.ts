import { createFileRegistry, fromBinary, toBinary, type DescMessage } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type DescriptorProto } from "@bufbuild/protobuf/wkt";
import protobuf from "protobufjs";
import "protobufjs/ext/descriptor.js";
import type { Signal } from "./payload.ts";
import { DATA_TYPES, protoRoot } from "./proto-types.ts";

/** A codec that turns requests into objects and back. */
export interface ReferenceCodec {
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly encode: (message: unknown) => Uint8Array;
}

/** protobufjs (code generated at run time from the .proto files, as its static modules are) and protobuf-es, over the same .proto files. */
export function referenceCodecs(signal: Signal): readonly ReferenceCodec[] {
  const root = protoRoot();
  const type = root.lookupType(DATA_TYPES[signal]);
  const schema = messageSchema(root, DATA_TYPES[signal]);
  return [
    { name: "protobufjs", decode: (bytes) => type.decode(bytes), encode: (message) => type.encode(message as protobuf.Message).finish() },
    {
      name: "@bufbuild/protobuf",
      decode: (bytes) => fromBinary(schema, bytes),
      encode: (message) => toBinary(schema, message as ReturnType<typeof fromBinary>),
    },
  ];
}

function messageSchema(root: protobuf.Root, name: string): DescMessage {
  // Added to Root by protobufjs/ext/descriptor.
  const set = (root as unknown as { toDescriptor(syntax: string): protobuf.Message }).toDescriptor("proto3");
  const bytes = set.$type.encode(set).finish().slice();
  const files = fromBinary(FileDescriptorSetSchema, bytes);
  for (const file of files.file)
    for (const message of file.messageType) qualify(message, root.lookupType(`${file.package}.${message.name}`));
  const found = createFileRegistry(files).getMessage(name);
  if (found === undefined) throw new Error(`${name} is not in the .proto files`);
  return found;
}

/** protobufjs writes type names as they stand in the .proto file; a descriptor set wants them in full. */
function qualify(message: DescriptorProto, type: protobuf.Type): void {
  for (const field of message.field) {
    const resolved = type.fields[protobuf.util.camelCase(field.name)]?.resolvedType;
    if (resolved) field.typeName = resolved.fullName;
  }
  for (const nested of message.nestedType) qualify(nested, type.lookupType(nested.name));
}
