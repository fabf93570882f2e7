const NOT_SERIALISABLE = "[not serialisable]";

/**
 * A copy that JSON can write and nobody can change later. Big integers become text; what JSON has no form for is left out, as
 * `JSON.stringify` does; an entry with a cycle, or that throws when it is read, becomes a note that says so.
 */
export function jsonSafe(entries: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.keys(entries)
      .map((key) => [key, safeValue(() => (entries as Record<string, unknown>)[key])] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function safeValue(read: () => unknown): unknown {
  try {
    const text = JSON.stringify(read(), (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)) as string | undefined;
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return NOT_SERIALISABLE;
  }
}
