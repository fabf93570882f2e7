import type { CharSet } from "./char-set.ts";

/** One character. */
export interface CharNode {
  readonly kind: "char";
  readonly set: CharSet;
  /** How JavaScript writes it. */
  readonly source: string;
}

/** A place in the text. */
export interface PlaceNode {
  readonly kind: "place";
  readonly at: "start" | "end" | "elsewhere";
  readonly source: string;
}

export interface SequenceNode {
  readonly kind: "sequence";
  readonly parts: readonly PatternNode[];
}

/** Two or more branches, or one in brackets. */
export interface ChoiceNode {
  readonly kind: "choice";
  readonly branches: readonly SequenceNode[];
  readonly capturing: boolean;
}

/** `min` to `max` times: of one character or a sequence of such, or of whatever takes at least one character, at most once. */
export interface RepeatNode {
  readonly kind: "repeat";
  readonly body: CharNode | ChoiceNode;
  readonly min: number;
  /** Infinity: without end. */
  readonly max: number;
  readonly lazy: boolean;
}

export type PatternNode = CharNode | PlaceNode | ChoiceNode | RepeatNode;

/** The least number of characters that a part takes. */
export function leastWidth(node: PatternNode): number {
  switch (node.kind) {
    case "char":
      return 1;
    case "place":
      return 0;
    case "choice":
      return Math.min(...node.branches.map(({ parts }) => parts.reduce((sum, part) => sum + leastWidth(part), 0)));
    case "repeat":
      return node.min * leastWidth(node.body);
  }
}

/** Whether a part is characters in a row, without a choice. */
export function isPlain(node: PatternNode): boolean {
  if (node.kind === "char") return true;
  return (
    node.kind === "choice" && node.branches.length === 1 && node.branches.every(({ parts }) => parts.every(({ kind }) => kind === "char"))
  );
}

/** The source of a pattern in JavaScript, for the flag `v`. Groups have no names in it. */
export function sourceOf(node: PatternNode): string {
  switch (node.kind) {
    case "char":
    case "place":
      return node.source;
    case "choice":
      return `(${node.capturing ? "" : "?:"}${node.branches.map(({ parts }) => parts.map(sourceOf).join("")).join("|")})`;
    case "repeat":
      return `${sourceOf(node.body)}{${node.min},${node.max === Infinity ? "" : node.max}}${node.lazy ? "?" : ""}`;
  }
}
