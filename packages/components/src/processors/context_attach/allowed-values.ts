import { attributeText, truncateUtf8 } from "@tidemark/alerting";
import { AttributeKey } from "@tidemark/otlp";
import type { AttributesView } from "@tidemark/otlp";
import { parseBaggage } from "./baggage.ts";
import type { ContextAttachConfig } from "./config.ts";

/** A key that may be attached, and where its value is looked for on the item itself. */
export interface AllowedKey {
  readonly name: string;
  readonly key: AttributeKey;
  readonly sources: readonly AttributeKey[];
}

/** Values of allowed keys, already cut to their limit. */
export type Values = Readonly<Record<string, string>>;

/** Where nothing is known. */
export const NO_VALUES: Values = Object.freeze({});

/** Compiles the allow-list with the other names of each key. */
export function allowedKeys({ allow, sources }: ContextAttachConfig["baggage"]): readonly AllowedKey[] {
  return allow.map((name) => ({
    name,
    key: new AttributeKey(name),
    sources: (sources[name] ?? []).map((source) => new AttributeKey(source)),
  }));
}

/** The value that an item itself has for a key, under the key's own name or another; undefined when it says nothing. */
export function ownValue(attributes: AttributesView, { key, sources }: AllowedKey, maxBytes: number): string | undefined {
  let value = attributes.get(key);
  for (let i = 0; value === undefined && i < sources.length; i++) value = attributes.get(sources[i] as AttributeKey);
  const text = attributeText(value);
  return text === "" ? undefined : truncateUtf8(text, maxBytes);
}

/** Allowed values of a request's `baggage` headers; of duplicates the last counts, as in the OpenTelemetry propagators. */
export function baggageValues(headers: readonly string[] | undefined, keys: readonly AllowedKey[], maxBytes: number): Values {
  if (headers === undefined || headers.length === 0) return NO_VALUES;
  const values: Record<string, string> = {};
  for (const { key, value } of parseBaggage(headers)) {
    if (value !== "" && keys.some(({ name }) => name === key)) values[key] = truncateUtf8(value, maxBytes);
  }
  return values;
}
