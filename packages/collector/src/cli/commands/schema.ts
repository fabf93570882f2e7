import { registry } from "@tidemark/components";
import { jsonSchema, loadDefinitions } from "@tidemark/config";
import type { Command } from "../command.ts";
import { EXIT } from "../io.ts";

export const schemaCommand: Command = {
  name: "schema",
  usage: "",
  summary: "Print the JSON Schema of a configuration file, for editors.",
  details: "Name it on the first line of a file: # yaml-language-server: $schema=tidemark.schema.json",
  takesFiles: false,
  options: {},
  run: async (_args, io) => {
    io.stdout(`${JSON.stringify(jsonSchema(await loadDefinitions(registry)), undefined, 2)}\n`);
    return EXIT.ok;
  },
};
