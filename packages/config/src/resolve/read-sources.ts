import type { Report } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import { type ConfigNode, isNull, typeWord } from "../yaml/config-node.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { type SourceText, startOf } from "../yaml/source-text.ts";
import { type ConfigIo, parseLocation, readFailure, SCHEMES, TooLarge } from "./config-io.ts";
import { withoutPassword } from "../providers/provider.ts";
import { mergeNodes, nested, splitKeys } from "./merge.ts";

/** The merged configuration, and whether all of it could be read. */
export interface ReadSources {
  readonly ok: boolean;
  readonly root: ConfigNode;
}

/** Reads every `--config`, then every `--set`, and merges them in that order. */
export async function readSources(uris: readonly string[], sets: readonly string[], io: ConfigIo, report: Report): Promise<ReadSources> {
  if (uris.length === 0) {
    const site = startOf(io.source("command line", ""));
    report({
      code: "CFG_NO_SOURCE",
      site,
      path: "",
      message: "no configuration was named",
      fix: "add a file, such as --config pipelines/chat.yaml",
    });
  }
  const parts: ConfigNode[] = [];
  let ok = uris.length > 0;
  for (const uri of uris) {
    const source = await openSource(uri, io, report);
    const part = source === undefined ? undefined : readDocument(source, io, report);
    if (part === undefined) ok = false;
    else parts.push(part);
  }
  for (const set of sets) {
    const part = readSet(set, io, report);
    if (part === undefined) ok = false;
    else parts.push(part);
  }
  const empty: ConfigNode = { kind: "map", entries: new Map(), site: parts[0]?.site ?? startOf(io.source("configuration", "")) };
  return { ok, root: parts.reduce(mergeNodes, empty) };
}

async function openSource(uri: string, io: ConfigIo, report: Report): Promise<SourceText | undefined> {
  const { scheme, value } = parseLocation(uri) ?? { scheme: "file", value: uri };
  const fail = (message: string, fix: string, code: "CFG_READ_FAILED" | "CFG_UNKNOWN_SCHEME" = "CFG_READ_FAILED"): undefined => {
    report({ code, site: startOf(io.source(scheme === "file" ? value : withoutPassword(uri), "")), path: "", message, fix });
  };
  switch (scheme) {
    case "yaml":
      return io.source(`--config ${uri}`, value);
    case "env": {
      const text = io.env[value];
      return text === undefined
        ? fail(`environment variable "${value}" is not set`, `set ${value} to YAML text, or name a file`)
        : io.source(uri, text);
    }
    case "http":
    case "https":
    case "etcd":
    case "etcds":
      try {
        return io.source(withoutPassword(uri), await io.readRemote(uri));
      } catch (caught) {
        if (caught instanceof TooLarge) throw caught;
        return fail(`cannot read it: ${readFailure(caught)}`, "check that the address is right and answers");
      }
    case "file":
      try {
        return io.source(value, await io.readFile(value));
      } catch (caught) {
        if (caught instanceof TooLarge) throw caught;
        return fail(`cannot read the file: ${readFailure(caught)}`, "check the path; it is taken from the working directory");
      }
    default:
      return fail(
        `scheme "${scheme}" is not supported for uri "${uri}"`,
        `${suggestion(scheme, SCHEMES, "Schemes")}; a path with a colon in it is written file:PATH`,
        "CFG_UNKNOWN_SCHEME",
      );
  }
}

function readDocument(source: SourceText, io: ConfigIo, report: Report): ConfigNode | undefined {
  const { ok, node } = parseYaml(source, report);
  if (!ok || node.kind === "broken") return undefined;
  if (isNull(node)) return { kind: "map", entries: new Map(), site: node.site };
  if (node.kind === "map") return splitKeys(node, io.spend);
  const message = `a configuration must be a mapping of sections, not a ${typeWord(node)}`;
  report({
    code: "CFG_WRONG_TYPE",
    site: node.site,
    path: "",
    message,
    fix: "start with the sections receivers:, exporters: and service:",
  });
  return undefined;
}

function readSet(set: string, io: ConfigIo, report: Report): ConfigNode | undefined {
  const source = io.source(`--set ${set}`, set);
  const equals = set.indexOf("=");
  const keys = set
    .slice(0, Math.max(0, equals))
    .split(/\.|::/)
    .map((key) => key.trim());
  if (equals < 0 || keys.includes("")) {
    const message = equals < 0 ? "missing equal sign" : "a key is empty";
    report({
      code: "CFG_SET_SYNTAX",
      site: { source, start: 0, end: set.length },
      path: "",
      message,
      fix: "write --set KEY.KEY=VALUE, such as --set processors.batch.timeout=2s",
    });
    return undefined;
  }
  const value = { ...source, text: set.slice(equals + 1) };
  const { ok, node } = parseYaml(value, report, { source, start: equals + 1, end: set.length });
  return ok ? nested(keys, { source, start: 0, end: equals }, node) : undefined;
}
