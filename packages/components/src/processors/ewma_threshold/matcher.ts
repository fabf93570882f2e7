import { attributeText } from "@tidemark/alerting";
import type { AttributesView } from "@tidemark/otlp";
import { GoRegExp } from "../../regexp/go-regexp.ts";

export type NameTest = (name: string) => boolean;

/** Compiles patterns with `*` and `?`; a name matches when one of them does. */
export function globs(patterns: readonly string[]): NameTest {
  const expressions = patterns.map((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new GoRegExp(`(?s)^${source}$`);
  });
  return (name) => expressions.some((expression) => expression.test(name));
}

/** Compiles a map of key to pattern; attributes match when each key is there and its value matches. */
export function attributeTests(patterns: Readonly<Record<string, string>>): (attributes: AttributesView) => boolean {
  const tests = Object.entries(patterns).map(([key, pattern]) => ({ key, test: globs([pattern]) }));
  return (attributes) =>
    tests.every(({ key, test }) => {
      const value = attributes.get(key);
      return value !== undefined && test(attributeText(value));
    });
}
