import { decodeUtf8 } from "../wire/utf8.ts";
import { WireError } from "../wire/wire-error.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Values that are skipped (unknown keys) may nest this deep. */
const MAX_SKIP_DEPTH = 512;

/**
 * Reads JSON (RFC 8259) text token by token from its UTF-8 bytes, without making values. Every syntax error has its offset.
 * `start` and `end` delimit the last string (between its quotes) or number.
 */
export class JsonScanner {
  readonly bytes: Uint8Array;
  pos = 0;
  start = 0;
  end = 0;
  /** whether the last string has escapes, and whether it has bytes above 0x7f */
  escaped = false;
  high = false;
  /** where the scanner is in the document, for error messages: property names and indexes */
  readonly path: (string | number)[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Moves to the next token and returns its first byte, or -1 at the end of the text. */
  peek(): number {
    const { bytes } = this;
    let pos = this.pos;
    let byte = pos < bytes.length ? bytes[pos]! : 0x20;
    if (byte > 0x20) return byte;
    while (pos < bytes.length && ((byte = bytes[pos]!) === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) pos++;
    this.pos = pos;
    return pos < bytes.length ? byte : -1;
  }

  /** Enters an object; false when it is empty. */
  openObject(): boolean {
    return this.open(OPEN_OBJECT, CLOSE_OBJECT, "an object");
  }

  /** Enters an array; false when it is empty. */
  openArray(): boolean {
    return this.open(OPEN_ARRAY, CLOSE_ARRAY, "an array");
  }

  /** After a property's value: true when another property follows. */
  nextProperty(): boolean {
    return this.next(CLOSE_OBJECT, "',' or '}'");
  }

  /** After an element: true when another element follows. */
  nextElement(): boolean {
    return this.next(CLOSE_ARRAY, "',' or ']'");
  }

  /** Reads a property name and its colon. */
  key(): void {
    if (this.peek() !== QUOTE) this.fail("expected a property name in double quotes");
    this.string();
    const { start, end } = this;
    if (this.peek() !== COLON) this.fail("expected ':' after the property name");
    this.pos++;
    this.start = start;
    this.end = end;
  }

  /** Whether the next value is null; reads it if so. */
  takeNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.word("null");
    return true;
  }

  /** Reads true or false. */
  boolean(): boolean {
    const first = this.peek();
    if (first === 0x74) this.word("true");
    else if (first === 0x66) this.word("false");
    else this.fail("expected true or false");
    return first === 0x74;
  }

  /** Reads the string at `pos`, which stands at its opening quote. */
  string(): void {
    const { bytes } = this;
    let pos = this.pos + 1;
    let high = 0;
    this.escaped = false;
    this.start = pos;
    for (;;) {
      if (pos >= bytes.length) this.fail("the text ends inside a string", pos);
      const byte = bytes[pos]!;
      if (byte > BACKSLASH) {
        high |= byte;
        pos++;
      } else if (byte === QUOTE) break;
      else if (byte === BACKSLASH) pos = this.escape(pos);
      else if (byte < 0x20) this.fail("control characters in strings must be escaped", pos);
      else pos++;
    }
    this.high = high > 0x7f;
    this.end = pos;
    this.pos = pos + 1;
  }

  /** Reads the number at `pos`. */
  number(): void {
    const start = this.pos;
    if (this.bytes[this.pos] === 0x2d) this.pos++;
    if (this.bytes[this.pos] === 0x30) this.pos++;
    else this.digits("expected a value");
    if (this.bytes[this.pos] === 0x2e) {
      this.pos++;
      this.digits("expected a digit after the decimal point");
    }
    if ((this.bytes[this.pos]! | 0x20) === 0x65) {
      this.pos++;
      if (this.bytes[this.pos] === 0x2b || this.bytes[this.pos] === 0x2d) this.pos++;
      this.digits("expected a digit in the exponent");
    }
    this.start = start;
    this.end = this.pos;
  }

  /** The last string without its escapes, or the last number's text. Only ASCII when neither `escaped` nor `high`. */
  text(): string {
    const text = decodeUtf8(this.bytes, this.start, this.end);
    return this.escaped ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /** Reads any value. */
  skip(depth = 0): void {
    if (depth > MAX_SKIP_DEPTH) this.fail(`the text nests deeper than ${MAX_SKIP_DEPTH} levels`, this.pos, "depth");
    switch (this.peek()) {
      case OPEN_OBJECT:
        if (!this.openObject()) return;
        do {
          this.key();
          this.skip(depth + 1);
        } while (this.nextProperty());
        return;
      case OPEN_ARRAY:
        if (!this.openArray()) return;
        do this.skip(depth + 1);
        while (this.nextElement());
        return;
      case QUOTE:
        return this.string();
      case 0x74:
      case 0x66:
        return void this.boolean();
      case 0x6e:
        return this.word("null");
      default:
        return this.number();
    }
  }

  /** Throws unless only white space is left. */
  finish(): void {
    if (this.peek() >= 0) this.fail("expected the end of the text");
  }

  fail(detail: string, offset: number = this.pos, code: "json" | "depth" | "utf8" = "json"): never {
    const path = this.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
    const ended = offset >= this.bytes.length && code === "json" && !detail.startsWith("the text") ? `the text ends; ${detail}` : detail;
    throw new WireError(code, offset, path.startsWith(".") ? path.slice(1) : path, ended);
  }

  private open(opening: number, closing: number, what: string): boolean {
    if (this.peek() !== opening) this.fail(`expected ${what}`);
    this.pos++;
    if (this.peek() !== closing) return true;
    this.pos++;
    return false;
  }

  private next(closing: number, expected: string): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== closing) this.fail(`expected ${expected}`);
    this.pos++;
    return byte === COMMA;
  }

  private word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[this.pos + i] !== word.charCodeAt(i)) this.fail(`expected a value`);
    }
    this.pos += word.length;
  }

  private digits(missing: string): void {
    const { bytes } = this;
    const start = this.pos;
    let pos = start;
    while (bytes[pos]! >= 0x30 && bytes[pos]! <= 0x39) pos++;
    if (pos === start) this.fail(missing);
    this.pos = pos;
  }

  /** Checks the escape at `pos` and returns its end. */
  private escape(pos: number): number {
    const { bytes } = this;
    this.escaped = true;
    const kind = bytes[pos + 1];
    if (kind === 0x75) {
      for (let at = pos + 2; at < pos + 6; at++) {
        if (!isHexDigit(bytes[at])) this.fail("\\u needs four hexadecimal digits", pos);
      }
      return pos + 6;
    }
    if (kind === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(kind))) this.fail("unknown escape in a string", pos);
    return pos + 2;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}
