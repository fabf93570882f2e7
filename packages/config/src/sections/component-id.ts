/** A parsed component or pipeline id. */
export interface ComponentId {
  /** `type` or `type/name`, without spaces around the parts. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
}

const TYPE = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
const NAME = /^[^\p{Z}\p{C}\p{S}]+$/u;
const MAX_NAME = 1024;

/** Reads `type[/name]` by the Collector's rules; gives the Collector's message where it is none. */
export function parseId(text: string): ComponentId | { readonly error: string } {
  const slash = text.indexOf("/");
  const type = (slash < 0 ? text : text.slice(0, slash)).trim();
  const name = slash < 0 ? "" : text.slice(slash + 1).trim();
  if (type === "") return { error: slash < 0 ? "id must not be empty" : `in "${text}" id: the part before / should not be empty` };
  if (slash >= 0 && name === "") return { error: `in "${text}" id: the part after / should not be empty` };
  const length = Array.from(name).length;
  if (length > MAX_NAME)
    return {
      error: `in "${name.slice(0, 20)}…" id: name "${name.slice(0, 20)}…" is longer than ${MAX_NAME} characters (${length} characters)`,
    };
  if (slash >= 0 && !NAME.test(name)) return { error: `in "${text}" id: invalid character(s) in name "${name}"` };
  if (!TYPE.test(type)) return { error: `in "${text}" id: invalid character(s) in type "${type}"` };
  return { id: slash < 0 ? type : `${type}/${name}`, type, name };
}
