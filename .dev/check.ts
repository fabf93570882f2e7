import { packStep } from "./pack.ts";
import { toolStep, type Step } from "./steps.ts";

/** Loaded when it runs: the generators import the product, which the other steps must be able to find fault with. */
const generateStep: Step = {
  title: "generated files (repair: npm run gen)",
  run: async () => {
    try {
      const stale = await (await import("./gen/generate.ts")).findStale();
      return { code: stale.length === 0 ? 0 : 1, output: stale.join("\n") };
    } catch (error) {
      return { code: 1, output: error instanceof Error ? error.message : String(error) };
    }
  },
};

/** Everything that can be found without running the program. */
export const staticSteps: readonly Step[] = [
  toolStep("types: the packages", ["tsc", "-b", "packages"]),
  toolStep("types: tests and tools", ["tsc", "-p", ".dev/tsconfig.json"]),
  toolStep("lint", ["oxlint", "--type-aware", "--deny-warnings"]),
  toolStep("format (repair: npm run fmt)", ["oxfmt", "--check"]),
  toolStep("dead code and dependencies", ["knip", "-c", ".dev/knip.json", "--no-progress"]),
  generateStep,
  packStep,
];
