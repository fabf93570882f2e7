import type { Report } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import { type ConfigNode, joinPath, type MapEntry, type ScalarNode } from "../yaml/config-node.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import type { Site } from "../yaml/source-text.ts";
import { type ConfigIo, PARSING, parseLocation, readFailure, SCHEMES, TooLarge, VALUE } from "./config-io.ts";
import { withoutPassword } from "../providers/provider.ts";
import { findReference, isInsideReference, unescapeDollars } from "./reference.ts";

/** The Collector's limit of expansions inside each other. */
const MAX_DEPTH = 1000;
/** For each value of the configuration: keeps one that doubles itself from running for ever, which depth alone does not. */
const MAX_EXPANSIONS = 2000;
const MAX_TEXT = 4_000_000;
const ENV_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** What a reference stands for: its typed value and the text that the value was read from. */
interface Retrieved {
  readonly node: ConfigNode;
  readonly text: string;
}

/** Expands every `${…}` of a configuration. Values that come from a reference stand at the place of the reference. */
export async function expandReferences(root: ConfigNode, io: ConfigIo, report: Report): Promise<ConfigNode> {
  return new Expander(io, report, { left: MAX_EXPANSIONS }).expand(root, "", 0);
}

class Expander {
  readonly #io: ConfigIo;
  readonly #report: Report;
  readonly #budget: { left: number };

  constructor(io: ConfigIo, report: Report, budget: { left: number }) {
    this.#io = io;
    this.#report = report;
    this.#budget = budget;
  }

  async expand(node: ConfigNode, path: string, depth: number): Promise<ConfigNode> {
    this.#io.spend(VALUE);
    switch (node.kind) {
      case "map": {
        const entries = new Map<string, MapEntry>();
        for (const [key, entry] of node.entries) {
          entries.set(key, { keySite: entry.keySite, value: await this.expand(entry.value, joinPath(path, key), depth) });
        }
        return { ...node, entries };
      }
      case "list": {
        const items: ConfigNode[] = [];
        for (const [index, item] of node.items.entries()) items.push(await this.expand(item, joinPath(path, String(index)), depth));
        return { ...node, items };
      }
      case "scalar":
        if (depth === 0) this.#budget.left = MAX_EXPANSIONS;
        return typeof node.value === "string" && node.value.includes("$") ? this.#expandText(node, node.value, path, depth) : node;
      case "broken":
        return node;
    }
  }

  async #expandText(leaf: ScalarNode, written: string, path: string, depth: number): Promise<ConfigNode> {
    let text = written;
    for (let round = depth; ; round++) {
      this.#io.spend(text.length);
      const found = findReference(text);
      if (found === undefined) return { kind: "scalar", value: unescapeDollars(text), site: leaf.site };
      const reference = found.text;
      const site = referenceSite(leaf, reference);
      if (round >= MAX_DEPTH || this.#budget.left-- <= 0 || text.length > MAX_TEXT) {
        this.#report({
          code: "CFG_EXPANSION_LOOP",
          site,
          path,
          message: `${path}: too many recursive expansions`,
          fix: `make sure that the value of ${reference} does not refer to itself`,
        });
        return { kind: "broken", site };
      }
      const retrieved = await this.#retrieve(reference, site, path);
      if (retrieved === undefined) return { kind: "broken", site };
      if (reference === text) return this.#expandRetrieved(retrieved, site, path, round + 1);
      const before = text.slice(0, found.start);
      const value = isInsideReference(before) ? wordOf(retrieved.text) : retrieved.text;
      text = before + value + text.slice(found.start + reference.length);
    }
  }

  /** A whole value keeps its type; its text stays beside it, expanded too, for fields that want text. */
  async #expandRetrieved(retrieved: Retrieved, site: Site, path: string, depth: number): Promise<ConfigNode> {
    const value = await this.expand(retrieved.node, path, depth);
    if (value.kind === "broken" || (value.kind === "scalar" && typeof value.value === "string") || "text" in value) return value;
    const silent = new Expander(this.#io, () => undefined, this.#budget);
    const text = await silent.#expandText({ kind: "scalar", value: retrieved.text, site }, retrieved.text, path, depth);
    return text.kind === "scalar" && typeof text.value === "string" ? { ...value, text: text.value } : value;
  }

  async #retrieve(reference: string, site: Site, path: string): Promise<Retrieved | undefined> {
    const inner = reference.slice(2, -1);
    const uri = inner.includes(":") ? inner : `env:${inner}`;
    const location = parseLocation(uri);
    const fail = (code: "CFG_INVALID_URI" | "CFG_UNKNOWN_SCHEME", message: string, fix: string): undefined => {
      this.#report({ code, site, path, message: `${path}: ${message}`, fix });
    };
    if (location === undefined)
      return fail(
        "CFG_INVALID_URI",
        `invalid uri: "${uri}"`,
        "write ${env:NAME}, ${env:NAME:-default} or ${file:PATH}; for text that is no reference write $${",
      );
    if (location.value.includes("$"))
      return fail(
        "CFG_INVALID_URI",
        `the uri "${uri}" contains unsupported characters ('$')`,
        "write $${ for text that is no reference, and leave no $ inside the braces",
      );
    switch (location.scheme) {
      case "env":
        return this.#retrieveEnv(location.value, site, path);
      case "yaml":
        return this.#typed(location.value, site);
      case "file":
        return this.#retrieveText(location.value, () => this.#io.readFile(location.value), site, path);
      case "http":
      case "https":
      case "etcd":
      case "etcds":
        return this.#retrieveText(withoutPassword(uri), () => this.#io.readRemote(uri), site, path);
      default: {
        const meant = inner.includes(":-")
          ? `write \${env:${inner}}`
          : `${suggestion(location.scheme, SCHEMES, "Schemes")}; for text that is no reference write $\${`;
        return fail("CFG_UNKNOWN_SCHEME", `scheme "${location.scheme}" is not supported for uri "${uri}"`, meant);
      }
    }
  }

  #retrieveEnv(value: string, site: Site, path: string): Retrieved | undefined {
    const split = value.indexOf(":-");
    const name = split < 0 ? value : value.slice(0, split);
    if (!ENV_NAME.test(name)) {
      const message = `${path}: environment variable "${name}" has invalid name: must match regex ${ENV_NAME.source}`;
      this.#report({
        code: "CFG_ENV_NAME",
        site,
        path,
        message,
        fix: "use letters, digits and _ only; for text that is no reference write $${",
      });
      return undefined;
    }
    const found = Object.hasOwn(this.#io.env, name) ? this.#io.env[name] : undefined;
    if (found === undefined && split < 0) {
      const message = `${path}: environment variable "${name}" is not set; it stands for nothing`;
      this.#report({ code: "CFG_ENV_UNSET", site, path, message, fix: `set ${name}, or give a default: \${env:${name}:-default}` });
    }
    return this.#typed(found ?? (split < 0 ? "" : value.slice(split + 2)), site);
  }

  async #retrieveText(name: string, read: () => Promise<string>, site: Site, at: string): Promise<Retrieved | undefined> {
    try {
      return this.#typed(await read(), site, name);
    } catch (caught) {
      if (caught instanceof TooLarge) throw caught;
      const message = `${at}: cannot read ${name}: ${readFailure(caught)}`;
      const fix = name.includes("://")
        ? "check that the address is right and answers"
        : "check the path; it is taken from the working directory";
      this.#report({ code: "CFG_READ_FAILED", site, path: at, message, fix });
      return undefined;
    }
  }

  /** Reads text as YAML. Text that is no YAML, and text whose YAML is a string, is taken as it is, quotes and all. */
  #typed(text: string, site: Site, file?: string): Retrieved {
    if (file === undefined) this.#io.spend(text.length * PARSING);
    let clean = true;
    const source = file === undefined ? { ...site.source, text } : this.#io.source(file, text);
    const { node } = parseYaml(source, () => (clean = false), file === undefined ? site : undefined);
    const isText = node.kind === "broken" || (node.kind === "scalar" && typeof node.value === "string");
    return { node: clean && !isText ? node : { kind: "scalar", value: text, site }, text };
  }
}

/** A word without the line break that files end with: in the middle of a number or an address it would be neither. Other text as it is. */
function wordOf(text: string): string {
  const trimmed = text.trim();
  return /\s/.test(trimmed) ? text : trimmed;
}

function referenceSite(leaf: ScalarNode, reference: string): Site {
  const { source, end } = leaf.site;
  const found = leaf.contentStart === undefined ? -1 : source.text.indexOf(reference, leaf.contentStart);
  return found < 0 || found + reference.length > end ? leaf.site : { source, start: found, end: found + reference.length };
}
