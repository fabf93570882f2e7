import { z } from "zod";
import type { ComponentDefinition } from "../contract/component.ts";
import type { ContractCase, ContractOptions } from "./contract-case.ts";
import { expectThat } from "./expect-that.ts";

/** A definition explains itself: its name, its example, and every field of its configuration. */
export function definitionCases(definition: ComponentDefinition, { parse }: ContractOptions): readonly ContractCase[] {
  return [
    {
      name: "has a lower_snake_case type and a summary in one sentence",
      async run() {
        expectThat(/^[a-z][a-z0-9_]*$/.test(definition.type), `the type "${definition.type}" is not lower_snake_case`);
        expectThat(/^[A-Z].*\.$/.test(definition.summary), `the summary "${definition.summary}" is not a sentence`);
      },
    },
    {
      name: "has an example that its own schema accepts",
      async run() {
        const result = definition.config.safeParse(parse(definition.example) ?? {});
        expectThat(result.success, `the example is refused: ${result.error?.message ?? ""}`);
      },
    },
    {
      name: "describes every field of its configuration, with an example",
      async run() {
        const schema = z.toJSONSchema(definition.config, { io: "input", unrepresentable: "any" });
        const bare = undocumented(schema, "");
        expectThat(bare.length === 0, `fields without a description or an example: ${bare.join(", ")}`);
      },
    },
  ];
}

interface SchemaNode {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: SchemaNode;
}

function undocumented(schema: unknown, path: string): string[] {
  const { properties = {} } = schema as SchemaNode;
  return Object.entries(properties).flatMap(([name, value]) => {
    const field = value as SchemaNode;
    const here = path === "" ? name : `${path}.${name}`;
    // What is made of fields, or a list of such, is exemplified by its fields.
    const parts = field.items?.properties === undefined ? field : field.items;
    const own = field.description === undefined || (parts.properties === undefined && field.examples === undefined) ? [here] : [];
    return [...own, ...undocumented(parts, here)];
  });
}
