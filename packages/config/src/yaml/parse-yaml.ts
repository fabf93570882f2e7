import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  visit,
  type YAMLParseError,
} from "yaml";
import type { Report } from "../diagnostics/diagnostic.ts";
import { type ConfigNode, joinPath, type MapEntry, type ScalarValue } from "./config-node.ts";
import { resolvePlain } from "./resolve-scalar.ts";
import type { Site, SourceText } from "./source-text.ts";

/** Aliases can multiply a small text without bound; no real configuration comes near this many nodes. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 200;
/** One unclosed bracket can make an error for each line after it. */
const MAX_SYNTAX_ERRORS = 20;
/** So much of a line is looked at to see what was meant: the pattern takes the square of its length. */
const MAX_LINE = 1000;
const CORE_TAG = "tag:yaml.org,2002:";

/** What came of a text; `ok` is false after a syntax error, and `node` then holds what could be read. */
export interface ParsedYaml {
  readonly ok: boolean;
  readonly node: ConfigNode;
}

/**
 * Reads one YAML document into nodes with places. Mistakes are reported, never thrown.
 * With `at`, every node gets that place: the text stands somewhere that the user did not write as YAML.
 */
export function parseYaml(source: SourceText, report: Report, at?: Site): ParsedYaml {
  const document = parseDocument(source.text, { schema: "failsafe", uniqueKeys: false, prettyErrors: false });
  for (const error of causes(document.errors.slice(0, MAX_SYNTAX_ERRORS), source.text)) {
    const site = at ?? syntaxSite(document, source, error);
    report({
      code: "CFG_YAML_SYNTAX",
      site,
      path: "",
      message: syntaxMessage(error.code, error.message),
      fix: syntaxFix(error.code, lineAt(source.text, error.pos[0])),
    });
  }
  const reader = new TreeReader(source, report, at);
  const node = reader.read(document.contents, "");
  return { ok: document.errors.length === 0 && !reader.tooLarge, node };
}

/**
 * The mistakes without their consequences: a line is told about once, and a parser that lost its way ("in YAML stream") calls
 * everything that follows a mistake.
 */
function causes(errors: readonly YAMLParseError[], text: string): readonly YAMLParseError[] {
  const lost = errors.findIndex(({ message }) => message.includes("in YAML stream"));
  const before = lost < 0 ? errors : errors.slice(0, Math.max(lost, 1));
  const lines = new Set<number>();
  return before.filter(({ pos: [start] }) => {
    const line = text.lastIndexOf("\n", start - 1);
    return !lines.has(line) && lines.add(line);
  });
}

/** Where a reader looks for the mistake: at the text behind the indentation, or at the quote that is never closed. */
function syntaxSite(document: Document, source: SourceText, error: YAMLParseError): Site {
  const [start, end] = error.pos;
  if (error.code === "BAD_INDENT") {
    const indent = /^ */.exec(source.text.slice(start))?.[0].length ?? 0;
    return { source, start: start + indent, end: Math.max(end, start + indent + 1) };
  }
  if (error.code !== "MISSING_CHAR" || !error.message.includes("quote")) return { source, start, end };
  let opening = start;
  visit(document, {
    Scalar: (_, node) => {
      const quoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
      if (quoted && node.range && node.range[0] < start && node.range[1] >= start) opening = node.range[0];
    },
  });
  return { source, start: opening, end };
}

function syntaxMessage(code: string, message: string): string {
  if (code === "MULTIPLE_DOCS") return "the text holds more than one YAML document";
  return `not valid YAML: ${message.replaceAll(/\s+/g, " ").replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())}`;
}

/** A reference between brackets is read as the start of a mapping, which no message of a YAML parser makes clear. */
const REFERENCE_IN_FLOW = /[[{].*[[{, ]\$\{|\[\$\{/;

function lineAt(text: string, offset: number): string {
  const end = text.indexOf("\n", offset);
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return text.slice(start, Math.min(start + MAX_LINE, end < 0 ? text.length : end));
}

function syntaxFix(code: string, line: string): string {
  if (REFERENCE_IN_FLOW.test(line)) return 'inside [ ] and { } put references in quotes: "${env:NAME}"';
  switch (code) {
    case "TAB_AS_INDENT":
      return "indent with spaces";
    case "BAD_INDENT":
      return "give keys of one mapping the same indentation, and close every bracket";
    case "MISSING_CHAR":
      return "close the quote or bracket, or add the missing character";
    case "BLOCK_AS_IMPLICIT_KEY":
      return 'put a value that contains ": " in quotes';
    case "MULTIPLE_DOCS":
      return "put each document into a file of its own and pass several --config";
    default:
      return "correct the syntax here; text with characters such as : { [ * & # % @ ` must stand in quotes";
  }
}

/** Walks a parsed document once; holds what the whole walk shares. */
class TreeReader {
  #nodes = 0;
  #depth = 0;
  /** Whether the walk stopped because aliases multiply too much. */
  tooLarge = false;
  /** What each anchor stands for; `undefined` while its own content is being read. */
  readonly #anchors = new Map<string, { readonly node: ConfigNode; readonly size: number } | undefined>();
  /** The texts of anchored scalars, for keys that are aliases: to ask the document for one walks through all of it. */
  readonly #anchoredTexts = new Map<string, string>();
  readonly #source: SourceText;
  readonly #report: Report;
  readonly #at: Site | undefined;

  constructor(source: SourceText, report: Report, at: Site | undefined) {
    this.#source = source;
    this.#report = report;
    this.#at = at;
  }

  read(node: unknown, path: string, fallback: Site = { source: this.#source, start: 0, end: 0 }): ConfigNode {
    if (node === null || node === undefined) return { kind: "scalar", value: null, site: this.#at ?? fallback };
    const site = this.#siteOf(node as Node);
    if (isAlias(node)) return this.#readAlias(node.source, site, path);
    if (++this.#nodes > MAX_NODES || this.#depth > MAX_DEPTH) return this.#refuse(site, path);
    const { anchor } = node as Scalar;
    if (anchor === undefined) return this.#readContent(node, site, path);
    this.#noteText(anchor, node);
    const before = this.#nodes;
    this.#anchors.set(anchor, undefined);
    const content = this.#readContent(node, site, path);
    this.#anchors.set(anchor, { node: content, size: this.#nodes - before + 1 });
    return content;
  }

  #readContent(node: unknown, site: Site, path: string): ConfigNode {
    if (isScalar(node)) return this.#readScalar(node, site, path);
    this.#depth++;
    const content: ConfigNode = isMap(node)
      ? { kind: "map", entries: this.#readEntries(node.items, path), site }
      : isSeq(node)
        ? { kind: "list", items: node.items.map((item, index) => this.read(item, joinPath(path, String(index)), site)), site }
        : { kind: "broken", site };
    this.#depth--;
    return content;
  }

  /** Nodes do not change, so an alias is the node of its anchor once more; only its size counts again. */
  #readAlias(name: string, site: Site, path: string): ConfigNode {
    if (!this.#anchors.has(name)) {
      const fix = `add "&${name}" to the value that is meant, or put the text in quotes`;
      return this.#broken(site, path, `no anchor "&${name}" stands before this alias`, fix);
    }
    const target = this.#anchors.get(name);
    if (target === undefined) return this.#broken(site, path, "an alias inside its own anchor", "write the value out");
    this.#nodes += target.size;
    return this.#nodes > MAX_NODES ? this.#refuse(site, path) : target.node;
  }

  #readScalar(node: Scalar, site: Site, path: string): ConfigNode {
    const text = scalarText(node);
    const tag = node.tag;
    if (tag !== undefined && tag !== "!" && !tag.startsWith(CORE_TAG)) return { kind: "scalar", value: text, site };
    if (tag === `${CORE_TAG}str` || tag === "!" || (tag === undefined && node.type !== Scalar.PLAIN)) return this.#string(text, site);
    const value: ScalarValue = resolvePlain(text);
    if (tag === undefined || tagMatches(tag, value))
      return typeof value === "string" ? this.#string(value, site) : { kind: "scalar", value, site };
    return this.#broken(site, path, `"${text}" is not a ${tag.replace(CORE_TAG, "!!")}`, "correct the value or take the tag away");
  }

  #string(value: string, site: Site): ConfigNode {
    if (this.#at !== undefined) return { kind: "scalar", value, site };
    const offset = this.#source.text.slice(site.start, site.end).indexOf(value);
    return offset < 0 ? { kind: "scalar", value, site } : { kind: "scalar", value, site, contentStart: site.start + offset };
  }

  #readEntries(pairs: readonly Pair[], path: string): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    for (const pair of pairs) {
      const { key } = pair;
      const keySite = this.#siteOf(key as Node);
      const name = this.#keyText(key);
      if (name === undefined) {
        this.#broken(keySite, path, "a key must be text", "write a plain key such as name: value");
        continue;
      }
      if (name === "<<" && isScalar(key) && key.type === Scalar.PLAIN) {
        this.#mergeInto(merged, this.read(pair.value, path, keySite), path);
        continue;
      }
      if (entries.has(name)) this.#duplicate(name, keySite, path);
      entries.set(name, { keySite, value: this.read(pair.value, joinPath(path, name), keySite) });
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return entries;
  }

  #keyText(key: unknown): string | undefined {
    if (isAlias(key)) return this.#anchoredTexts.get(key.source);
    if (!isScalar(key)) return undefined;
    if (key.anchor !== undefined) this.#noteText(key.anchor, key);
    return scalarText(key);
  }

  /** An anchor that is given again stands for its last content. */
  #noteText(anchor: string, node: unknown): void {
    if (isScalar(node)) this.#anchoredTexts.set(anchor, scalarText(node));
    else this.#anchoredTexts.delete(anchor);
  }

  /** YAML 1.1 merge key: earlier mappings win, the mapping's own keys win over all. */
  #mergeInto(target: Map<string, MapEntry>, node: ConfigNode, path: string): void {
    if (node.kind === "list") for (const item of node.items) this.#mergeInto(target, item, path);
    else if (node.kind === "map") {
      for (const [name, entry] of node.entries) if (!target.has(name)) target.set(name, entry);
    } else if (node.kind === "scalar")
      this.#broken(node.site, path, "<< needs a mapping or a list of mappings", "name an anchor of a mapping, such as <<: *base");
  }

  #duplicate(name: string, site: Site, path: string): void {
    this.#report({
      code: "CFG_DUPLICATE_KEY",
      site,
      path: joinPath(path, name),
      message: `${joinPath(path, name)}: the key "${name}" stands twice in one mapping`,
      fix: "remove one of the two, or give it another name",
    });
  }

  #broken(site: Site, path: string, message: string, fix: string): ConfigNode {
    this.#report({ code: "CFG_YAML_SYNTAX", site, path, message: `not valid YAML: ${message}`, fix });
    return { kind: "broken", site };
  }

  #refuse(site: Site, path: string): ConfigNode {
    if (!this.tooLarge)
      this.#report({
        code: "CFG_TOO_LARGE",
        site,
        path,
        message: `the configuration has more than ${MAX_NODES} values once its aliases are written out, or more than ${MAX_DEPTH} levels`,
        fix: "use fewer aliases and levels",
      });
    this.tooLarge = true;
    return { kind: "broken", site };
  }

  #siteOf(node: Node | null): Site {
    if (this.#at !== undefined) return this.#at;
    const range = node?.range;
    if (range === undefined || range === null) return { source: this.#source, start: 0, end: 0 };
    return { source: this.#source, start: range[0], end: range[1] };
  }
}

/** The failsafe schema gives text for every scalar. */
function scalarText(node: Scalar): string {
  return typeof node.value === "string" ? node.value : "";
}

function tagMatches(tag: string, value: ScalarValue): boolean {
  switch (tag.slice(CORE_TAG.length)) {
    case "int":
      return typeof value === "number" && Number.isInteger(value);
    case "float":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "null":
      return value === null;
    default:
      return true;
  }
}
