import { drawingOf } from "../../drawing/drawing.ts";
import { toMermaid } from "../../drawing/mermaid.ts";
import { toSvg } from "../../drawing/svg.ts";
import { CONFIG_OPTIONS, type Command } from "../command.ts";
import { EXIT } from "../io.ts";
import { loadOrReport } from "../load.ts";

export const graphCommand: Command = {
  name: "graph",
  usage: "[--format mermaid|svg] FILE…",
  summary: "Draw the pipelines of a configuration.",
  details: "Each pipeline is a lane; connectors and alerts lead from one lane to another.",
  takesFiles: true,
  options: {
    ...CONFIG_OPTIONS,
    format: { value: "FORMAT", choices: ["mermaid", "svg"], description: "Form of the drawing (default mermaid)." },
  },
  run: async (args, io) => {
    const config = await loadOrReport(args, io);
    if (config === undefined) return EXIT.usage;
    const drawing = drawingOf(config.graph);
    io.stdout(args.value("format") === "svg" ? toSvg(drawing) : toMermaid(drawing));
    return EXIT.ok;
  },
};
