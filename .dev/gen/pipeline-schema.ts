import { jsonSchema, loadDefinitions } from "@tidemark/config";
import { registryOf, type ScannedComponent } from "./components.ts";

/** The JSON Schema of a whole pipeline file, for editors; `tidemark schema` prints the same. */
export async function pipelineSchema(components: readonly ScannedComponent[]): Promise<{ path: string; content: string }> {
  const schema = jsonSchema(await loadDefinitions(registryOf(components)));
  return { path: "packages/collector/schema/tidemark.schema.json", content: `${JSON.stringify(schema, undefined, 2)}\n` };
}
