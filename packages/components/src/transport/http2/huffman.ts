import { ConnectionError, ERROR } from "./frame.ts";

/**
 * RFC 7541 appendix B: the length in bits of the code of each byte 0 to 255, then of end-of-string. The code is canonical: codes of the
 * same length follow each other in the order of their symbols, so the lengths say everything.
 */
const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10,
  12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7,
  7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
  23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20,
  24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;
/** A leaf holds -1 - symbol, an inner node the index of its two children; 0 is nothing. */
const NODE_LIMIT = 1024;

/** Unpacks the Huffman-coded texts of HPACK. Immutable: one serves all connections. */
export class HuffmanDecoder {
  readonly #tree: Int16Array = new Int16Array(NODE_LIMIT);

  constructor() {
    const bySize = CODE_LENGTHS.map((_, symbol) => symbol).toSorted((a, b) => lengthOf(a) - lengthOf(b) || a - b);
    let code = 0;
    let length = 0;
    let free = 2;
    for (const symbol of bySize) {
      code *= 2 ** (lengthOf(symbol) - length);
      length = lengthOf(symbol);
      free = this.#insert(symbol, code, length, free);
      code += 1;
    }
  }

  /** Text between two offsets, one character for each byte. @throws ConnectionError for padding that RFC 7541 5.2 forbids. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    const tree = this.#tree;
    let text = "";
    let node = 0;
    let bitsSinceSymbol = 0;
    let allOnes = true;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      for (let shift = 7; shift >= 0; shift--) {
        const bit = (byte >> shift) & 1;
        const next = tree[node + bit] as number;
        if (next < 0) {
          if (next === -1 - END_OF_STRING) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "end of string inside of a text");
          text += String.fromCharCode(-1 - next);
          node = 0;
          bitsSinceSymbol = 0;
          allOnes = true;
        } else {
          node = next;
          bitsSinceSymbol += 1;
          allOnes &&= bit === 1;
        }
      }
    }
    if (bitsSinceSymbol > 7 || !allOnes) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "bad padding of a text");
    return text;
  }

  #insert(symbol: number, code: number, length: number, firstFree: number): number {
    const tree = this.#tree;
    let free = firstFree;
    let node = 0;
    for (let shift = length - 1; shift > 0; shift--) {
      const slot = node + ((code >>> shift) & 1);
      if (tree[slot] === 0) {
        tree[slot] = free;
        free += 2;
      }
      node = tree[slot] as number;
    }
    tree[node + (code & 1)] = -1 - symbol;
    return free;
  }
}

function lengthOf(symbol: number): number {
  return CODE_LENGTHS[symbol] as number;
}
