import { truncateUtf8 } from "./truncate.ts";

/** C0, DEL, C1, line and paragraph separators: they break lines or drive terminals. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** Bidirectional controls, zero-width characters and tag characters: they make a text look like another one. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** Makes text that users control safe on one line of plain text: no controls, no direction tricks, no broken UTF-16. */
export function sanitizeText(text: string): string {
  return text.toWellFormed().replace(CONTROL, " ").replace(INVISIBLE, "");
}

/** `sanitizeText`, and no `<@user>`: chat robots read that as a mention even in plain text. */
export function escapeText(text: string, maxBytes: number): string {
  return truncateUtf8(sanitizeText(text).replaceAll("<@", "＜@"), maxBytes);
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  "<": "＜",
  ">": "＞",
  "`": "'",
  "*": "＊",
  "[": "［",
  "]": "］",
  "~": "～",
  "#": "＃",
  "\\": "＼",
};

/** Takes the meaning out of Markdown characters. WeCom knows no backslash escapes, so look-alikes stand in for them. */
export function escapeMarkdown(text: string, maxBytes: number): string {
  return truncateUtf8(
    sanitizeText(text).replace(/[<>`*[\]~#\\]/g, (character) => LOOKALIKES[character] ?? character),
    maxBytes,
  );
}

/** A Markdown code span that its content cannot leave. */
export function codeSpan(text: string, maxBytes: number): string {
  const content = sanitizeText(text).replace(/[<>`[\]]/g, (character) => LOOKALIKES[character] ?? character);
  return `\`${truncateUtf8(content, maxBytes)}\``;
}
