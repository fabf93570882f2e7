/** Keys and positions, from the outermost value inwards. */
export type JsonPath = readonly string[];

/** Reads `data.nodes.0.state`: the part of the Collector's paths that names one value. Gives a text with a fix where it is none. */
export function readJsonPath(text: string): JsonPath | string {
  const steps: string[] = [""];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === ".") steps.push("");
    else if (char === "\\" && at + 1 < text.length) steps[steps.length - 1] += text.charAt(++at);
    else if ("*?#|@!{}[]()".includes(char))
      return `"${char}" is not supported in a path; name one value by keys and positions, such as data.nodes.0.state, or write \\${char} for the character`;
    else steps[steps.length - 1] += char;
  }
  return steps.includes("") ? "the path has an empty key; write keys and positions with one point between them, such as data.state" : steps;
}

/** Whether the value at `path` is there, and is `wanted` when that is given: texts as they are, everything else as JSON without blanks. */
export function matchesJson(body: string, path: JsonPath, wanted: string | undefined): boolean {
  let value: unknown;
  try {
    value = JSON.parse(body, keepLongIntegers);
  } catch {
    return false;
  }
  for (const step of path) {
    const isIndex = Array.isArray(value) && /^\d+$/.test(step);
    if (typeof value !== "object" || value === null || (Array.isArray(value) && !isIndex) || !Object.hasOwn(value, step)) return false;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return wanted === undefined || textOf(value) === wanted;
}

/** Integers that a double cannot hold stay as they are written. */
function keepLongIntegers(_key: string, value: unknown, { source = "" }: { source?: string } = {}): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? source : value;
}

function textOf(value: unknown): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
