import { camelCase } from "../gen/components.ts";

/** A processor that drops items whose attribute has a given value: small, but with every part a processor has. */
export function processorTemplate(type: string): Readonly<Record<string, string>> {
  const name = camelCase(type);
  const Name = name.charAt(0).toUpperCase() + name.slice(1);
  const file = type.replaceAll("_", "-");
  return {
    "index.ts": `import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { ${name}Config } from "./config.ts";
import { create${Name} } from "./${file}.ts";

/** Drops items by the value of one attribute. */
export const ${name}Processor: ProcessorDefinition<typeof ${name}Config> = defineProcessor({
  type: "${type}",
  stability: "development",
  summary: "Drops items by the value of one attribute.",
  signals: ["traces", "metrics", "logs"],
  config: ${name}Config,
  example: "key: debug\\nvalue: \\"true\\"\\n",
  create: (config, context) => create${Name}(config, context),
});
`,
    "config.ts": `import { z } from "zod";

const fields = z.strictObject({
  key: z.string().min(1).meta({ description: "Attribute that decides.", examples: ["debug"] }),
  value: z.string().default("true").meta({ description: "Items whose attribute has this value are dropped.", examples: ["yes"] }),
});

/** Options of the processor. */
export const ${name}Config: typeof fields = fields;

export type ${Name}Config = z.output<typeof fields>;
`,
    [`${file}.ts`]: `import type { BatchFunction, ComponentContext } from "@tidemark/core";
import { AttributeKey } from "@tidemark/otlp";
import type { ${Name}Config } from "./config.ts";

/** Makes the function that the graph calls with every batch. */
export function create${Name}(config: ${Name}Config, context: ComponentContext): BatchFunction {
  const key = new AttributeKey(config.key);
  return {
    process(batch) {
      const kept = batch.filter((item) => item.attributes.getString(key) !== config.value);
      if (kept.itemCount < batch.itemCount) context.drop("${type}", batch.itemCount - kept.itemCount);
      return kept;
    },
  };
}
`,
    ...testAndReadme(type, file, Name),
  };
}

function testAndReadme(type: string, file: string, Name: string): Readonly<Record<string, string>> {
  return {
    [`${file}.test.ts`]: `import { traces } from "@tidemark/otlp/testing";
import { testContext, testDelivery } from "@tidemark/core/testing";
import { expect, it } from "vitest";
import { create${Name} } from "./${file}.ts";

it("drops the items that match and explains them", () => {
  const context = testContext();
  const processor = create${Name}({ key: "debug", value: "true" }, context);
  const batch = traces({ spans: [{ name: "a", attributes: { debug: "true" } }, { name: "b" }] });
  expect(processor.process(batch, testDelivery(batch))?.itemCount).toBe(1);
  expect(context.drops.get("${type}")).toBe(1);
});
`,
    "README.md": `# ${type}

Drops the items whose attribute \`key\` has the value \`value\`; all others pass unchanged.

\`\`\`yaml
processors:
  ${type}:
    key: debug
    value: "true"
\`\`\`

**Failure.** It holds nothing and cannot fail. Dropped items are counted under the reason \`${type}\`.

## Options

<!-- generated:config -->
<!-- /generated -->
`,
  };
}
