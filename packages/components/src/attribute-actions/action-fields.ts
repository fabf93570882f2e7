import { z } from "zod";
import { GoRegExp, goRegExpFault } from "../regexp/go-regexp.ts";
import { patternField } from "../regexp/pattern-field.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** A value of an attribute. */
export const valueField = z.union([scalar, z.array(scalar)]);

const ACTIONS = ["insert", "update", "upsert", "delete", "hash", "extract", "convert"] as const;

const fields = z.strictObject({
  key: z
    .string()
    .default("")
    .meta({ description: "The attribute. Required, except for `delete` and `hash` with a `pattern`.", examples: ["http.url"] }),
  action: z
    .string()
    .toLowerCase()
    .pipe(z.enum(ACTIONS))
    .meta({
      description:
        "`insert` writes where the key is absent, `update` where it is there, `upsert` in any case; `delete`; `hash` puts the SHA-1 of the value in its place, in hex; `extract` writes the named groups of `pattern` as attributes; `convert` changes the type.",
      examples: ["upsert"],
    }),
  value: valueField.optional().meta({ description: "What to write.", examples: ["production"] }),
  from_attribute: z
    .string()
    .default("")
    .meta({ description: "Another attribute whose value to write. Without it nothing happens.", examples: ["user.id"] }),
  from_context: z
    .string()
    .default("")
    .meta({
      description:
        "What to write from the request: `metadata.NAME` (a header, where the receiver has `include_metadata`), `auth.NAME` (from its authenticator), `client.address`. Several values are joined by `;`. Without it nothing happens.",
      examples: ["metadata.x-tenant"],
    }),
  pattern: patternField.default("").meta({
    description: "For `extract`: a regular expression with named groups, `(?P<name>…)`. For `delete` and `hash`: keys to take as well.",
    examples: ["^https?://(?P<host>[^/]+)"],
  }),
  converted_type: z
    .enum(["", "int", "double", "string"])
    .default("")
    .meta({ description: "For `convert`: the type to come to. A value that cannot be converted stays.", examples: ["int"] }),
});

/** Parsed form of one action. */
export type AttributeAction = z.output<typeof fields>;

/** Fields of an action that say what to write. */
const SOURCES = ["value", "from_attribute", "from_context"] as const;
type ActionField = (typeof SOURCES)[number] | "key" | "pattern" | "converted_type";

function isWritten(action: AttributeAction, field: ActionField): boolean {
  return action[field] !== undefined && action[field] !== "" ? true : field === "value" && action.value === "";
}

/** What each action takes beside its key. */
const TAKES: Readonly<Record<AttributeAction["action"], readonly ActionField[]>> = {
  insert: SOURCES,
  update: SOURCES,
  upsert: SOURCES,
  delete: ["pattern"],
  hash: ["pattern"],
  extract: ["pattern"],
  convert: ["converted_type"],
};

/** What is wrong with an action, as message and fix; undefined when nothing is. */
function problemOf(action: AttributeAction): { readonly field: ActionField; readonly message: string } | undefined {
  const { action: name } = action;
  const takes = TAKES[name];
  const extra = ([...SOURCES, "pattern", "converted_type"] as const).find((field) => !takes.includes(field) && isWritten(action, field));
  if (extra !== undefined) return { field: extra, message: `the action ${name} does not use ${extra}; take it out` };
  if (!isWritten(action, "key")) {
    if (name !== "delete" && name !== "hash")
      return { field: "key", message: `the action ${name} needs a key; add key: with the name of an attribute` };
    if (!isWritten(action, "pattern"))
      return { field: "key", message: `the action ${name} needs a key or a pattern; add key: with the name of an attribute` };
  }
  if (takes === SOURCES) {
    const sources = SOURCES.filter((field) => isWritten(action, field));
    if (sources.length === 0)
      return { field: "key", message: `the action ${name} needs value, from_attribute or from_context; add one of them` };
    if (sources.length > 1)
      return { field: sources[1] ?? "value", message: `the action ${name} has several sources of its value; take all but one out` };
  }
  if (name === "convert" && action.converted_type === "")
    return { field: "converted_type", message: "the action convert needs converted_type; add converted_type: int, double or string" };
  return name === "extract" ? patternProblem(action.pattern) : undefined;
}

function patternProblem(pattern: string): { readonly field: ActionField; readonly message: string } | undefined {
  if (pattern === "")
    return { field: "pattern", message: "the action extract needs a pattern; add pattern: with named groups, such as ^(?P<host>[^/]+)" };
  // What is no pattern at all is told by its field.
  if (goRegExpFault(pattern) !== undefined) return undefined;
  const names = new GoRegExp(pattern).groupNames;
  if (names.length === 0) return { field: "pattern", message: "the pattern has no named groups; write (?P<name>…) around what to extract" };
  if (names.includes(""))
    return {
      field: "pattern",
      message: "the pattern has a group without a name; write (?P<name>…), or (?:…) for a group that extracts nothing",
    };
  return undefined;
}

/** One action on attributes, with the Collector's names. */
export const actionField = fields.superRefine((action, context) => {
  const problem = problemOf(action);
  if (problem !== undefined) context.addIssue({ code: "custom", path: [problem.field], message: problem.message });
});
