import { AttributeKey } from "@tidemark/otlp";
import type {
  AttributesView,
  AttributeValue,
  DataPointView,
  LogRecordView,
  ResourceView,
  ScopeView,
  Signal,
  SpanView,
} from "@tidemark/otlp";
import { GoRegExp } from "../../regexp/go-regexp.ts";
import type { MatchConfig } from "./match-fields.ts";

/** Says whether an item is meant. */
export type ItemMatcher<View> = (item: View) => boolean;
type TextMatcher = (text: string) => boolean;

const SERVICE_NAME = new AttributeKey("service.name");
const SPAN_KINDS: readonly string[] = [
  "SPAN_KIND_UNSPECIFIED",
  "SPAN_KIND_INTERNAL",
  "SPAN_KIND_SERVER",
  "SPAN_KIND_CLIENT",
  "SPAN_KIND_PRODUCER",
  "SPAN_KIND_CONSUMER",
];

/** What items of every signal have in common. */
interface Item {
  readonly resource: ResourceView;
  readonly scope: ScopeView;
  readonly attributes: AttributesView;
}

/** Criteria of the one signal or the other; the rest is for all, but `attributes`, which the Collector does not look at for metrics. */
const CRITERIA: Readonly<Record<Signal, readonly (keyof MatchConfig)[]>> = {
  traces: ["services", "resources", "libraries", "attributes", "span_names", "span_kinds"],
  logs: ["resources", "libraries", "attributes", "log_bodies", "log_severity_texts", "log_severity_number"],
  metrics: ["metric_names", "resources"],
};
const ALL: readonly (keyof MatchConfig)[] = [...new Set(Object.values(CRITERIA).flat())];

/**
 * Checks that the criteria fit the signal of the pipeline.
 * @throws Error in words for users.
 */
export function checkCriteria(config: MatchConfig, signal: Signal, option: "include" | "exclude"): void {
  const usable = CRITERIA[signal];
  const foreign = ALL.find((field) => isGiven(config, field) && !usable.includes(field));
  if (foreign !== undefined)
    throw new Error(`${option}: ${foreign} should not be specified for ${signal}; use a second attributes processor`);
  if (!usable.some((field) => isGiven(config, field)))
    throw new Error(`${option}: at least one of ${usable.join(", ")} must be specified for ${signal}`);
}

function isGiven(config: MatchConfig, field: keyof MatchConfig): boolean {
  const value = config[field];
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/** The matcher of spans. */
export function spanMatcher(config: MatchConfig): ItemMatcher<SpanView> {
  const own: ItemMatcher<SpanView>[] = [];
  add(own, config.span_names, config, (matches) => (span) => matches(span.name));
  add(own, config.span_kinds, config, (matches) => (span) => matches(SPAN_KINDS[span.kind] ?? ""));
  return all([...common(config), ...own]);
}

/** The matcher of log records. */
export function logMatcher(config: MatchConfig): ItemMatcher<LogRecordView> {
  const own: ItemMatcher<LogRecordView>[] = [];
  add(
    own,
    config.log_bodies,
    config,
    (matches) =>
      ({ body }) =>
        typeof body === "string" && matches(body),
  );
  add(own, config.log_severity_texts, config, (matches) => (record) => matches(record.severityText));
  const severity = config.log_severity_number;
  if (severity !== undefined)
    own.push(({ severityNumber }) => (severityNumber === 0 ? severity.match_undefined : severityNumber >= severity.min));
  return all([...common(config), ...own]);
}

/** The matcher of data points: by their metric. */
export function pointMatcher(config: MatchConfig): ItemMatcher<DataPointView> {
  const own: ItemMatcher<DataPointView>[] = [];
  add(own, config.metric_names, config, (matches) => (point) => matches(point.metric.name));
  return all([...common(config), ...own]);
}

function all<View>(matchers: readonly ItemMatcher<View>[]): ItemMatcher<View> {
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (item) => {
    for (const matches of matchers) if (!matches(item)) return false;
    return true;
  };
}

function common(config: MatchConfig): readonly ItemMatcher<Item>[] {
  const matchers: ItemMatcher<Item>[] = [];
  add(matchers, config.services, config, (matches) => (item) => {
    const name = item.resource.attributes.getString(SERVICE_NAME);
    return name !== undefined && matches(name);
  });
  const libraries = config.libraries.map(({ name, version }) => ({
    name: textMatcher([name], config),
    version: version === undefined ? undefined : textMatcher([version], config),
  }));
  if (libraries.length > 0)
    matchers.push(({ scope }) =>
      libraries.some(({ name, version }) => name(scope.name) && (version === undefined || version(scope.version))),
    );
  const resources = attributeMatchers(config.resources, config);
  if (resources.length > 0) matchers.push(({ resource }) => resources.every((matches) => matches(resource.attributes)));
  const attributes = attributeMatchers(config.attributes, config);
  if (attributes.length > 0) matchers.push((item) => attributes.every((matches) => matches(item.attributes)));
  return matchers;
}

function add<View>(
  matchers: ItemMatcher<View>[],
  texts: readonly string[],
  config: MatchConfig,
  make: (matches: TextMatcher) => ItemMatcher<View>,
): void {
  if (texts.length > 0) matchers.push(make(textMatcher(texts, config)));
}

function textMatcher(texts: readonly string[], { match_type }: MatchConfig): TextMatcher {
  if (match_type === "strict") {
    const set = new Set(texts);
    return (text) => set.has(text);
  }
  const expressions = texts.map((text) => new GoRegExp(text));
  return (text) => expressions.some((expression) => expression.test(text));
}

function attributeMatchers(wanted: MatchConfig["attributes"], config: MatchConfig): readonly ((attributes: AttributesView) => boolean)[] {
  return wanted.map(({ key, value }) => {
    const compiled = new AttributeKey(key);
    if (value === undefined) return (attributes) => attributes.has(compiled);
    if (config.match_type === "strict") return (attributes) => isEqual(attributes.get(compiled), value);
    const matches = textMatcher([String(value)], config);
    return (attributes) => {
      const found = attributes.get(compiled);
      return found !== undefined && found !== null && typeof found !== "object" && matches(String(found));
    };
  });
}

function isEqual(found: AttributeValue | undefined, wanted: AttributeValue): boolean {
  if (!Array.isArray(wanted)) return found === wanted;
  return Array.isArray(found) && found.length === wanted.length && wanted.every((value, index) => found[index] === value);
}
