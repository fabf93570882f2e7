import { messageOf, type NodeChange } from "@tidemark/core";
import { isDeepStrictEqual } from "node:util";
import { planBetween } from "../../collector.ts";
import { ADMIN_TOKEN, adminUrl } from "../admin-client.ts";
import type { ParsedArguments } from "../arguments.ts";
import { CONFIG_OPTIONS, type Command } from "../command.ts";
import { EXIT, UsageError, type CliIo } from "../io.ts";
import { buildOrReport, configOrReport, loadOrReport, sourceOf } from "../load.ts";
import { planText } from "../plan-text.ts";
import { mistakesThere, planAt } from "../remote-plan.ts";

/** What the command uses of the machine. */
export interface PlanEnvironment {
  readonly fetch: typeof fetch;
}

interface Plan {
  readonly nodes: readonly NodeChange[];
  readonly telemetryChanged: boolean;
}

/** Says what a reload would do. */
export function createPlanCommand(environment: PlanEnvironment): Command {
  return {
    name: "plan",
    usage: "[--config] NEW… (--against OLD | --admin URL)",
    summary: "Say what a reload from one configuration to another does to each node.",
    details: `It starts nothing and opens no port. --set holds for NEW, and for OLD. With --admin the collector at URL compares NEW with what it
runs, and fills variables (\${env:…}) in from its own environment; a token for it is taken from ${ADMIN_TOKEN}.`,
    takesFiles: true,
    options: {
      ...CONFIG_OPTIONS,
      against: { value: "FILE", repeatable: true, description: "The configuration that runs now." },
      admin: { value: "URL", description: "The admin extension of the collector that runs, such as http://localhost:13135." },
      format: { value: "FORMAT", choices: ["text", "json"], description: "How to show the nodes (default text)." },
    },
    run: async (args, io) => {
      const olds = args.all("against");
      const admin = args.value("admin");
      if ((olds.length === 0) === (admin === undefined))
        throw new UsageError("say what runs now, in one way: --against old.yaml or --admin http://localhost:13135");
      const plan = admin === undefined ? await planAgainst(olds, args, io) : await askPlan(admin, args, io, environment);
      if (typeof plan === "number") return plan;
      const { nodes, telemetryChanged } = plan;
      if (args.value("format") === "json") io.stdout(`${JSON.stringify({ nodes, telemetry_changed: telemetryChanged }, undefined, 2)}\n`);
      else io.stdout(planText(nodes, telemetryChanged));
      return EXIT.ok;
    },
  };
}

export const planCommand: Command = createPlanCommand({ fetch: (...request) => fetch(...request) });

/** The plan, or the exit code; why there is none is shown. */
async function planAgainst(olds: readonly string[], args: ParsedArguments, io: CliIo): Promise<Plan | number> {
  const next = await loadOrReport(args, io);
  const before = next === undefined ? undefined : await loadOrReport({ ...args, sources: olds }, io);
  if (next === undefined || before === undefined) return EXIT.usage;
  const nodes = await buildOrReport(() => planBetween(before, next), io);
  return nodes === undefined ? EXIT.usage : { nodes, telemetryChanged: !isDeepStrictEqual(before.telemetry, next.telemetry) };
}

async function askPlan(admin: string, args: ParsedArguments, io: CliIo, environment: PlanEnvironment): Promise<Plan | number> {
  const url = adminUrl(admin, "/-/plan");
  const source = sourceOf(args, io);
  const here = await source.load();
  if (source.unread.length > 0) {
    configOrReport(here, io);
    return EXIT.usage;
  }
  try {
    const report = await planAt(url, { uris: args.sources, sets: args.sets, texts: source.texts }, environment.fetch, io.env);
    if (report.result === "planned") return report;
    // The collector names places only. Mostly the same mistakes show here, with all that is to be said about them.
    const config = configOrReport(here, io);
    if (config !== undefined && (await buildOrReport(() => planBetween(config, config), io)) !== undefined)
      io.stderr(mistakesThere(url, report.mistakes));
    return EXIT.usage;
  } catch (caught) {
    io.stderr(`tidemark plan: ${messageOf(caught)}\n`);
    return EXIT.failure;
  }
}
