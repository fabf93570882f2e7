import { encodeUtf8 } from "../wire/utf8.ts";
import type { AttributeKeyLike } from "./types.ts";

/** An attribute name with its bytes made once; keep it in a module constant for hot paths. */
export class AttributeKey implements AttributeKeyLike {
  readonly name: string;
  readonly bytes: Uint8Array;

  constructor(name: string) {
    this.name = name;
    this.bytes = encodeUtf8(name);
  }
}
