import type { NewRecord } from "@tidemark/core";
import type { LetterRow } from "../state/letters-table.ts";

/** The record that a dead letter was made of. */
export function recordOfLetter({ signal, items, receivedAt, transport, metadata }: LetterRow, bytes: Uint8Array): NewRecord {
  return { signal, items, bytes, receivedAt, transport, ...(metadata === undefined ? {} : { metadata }) };
}
