const CPUS = { system: "0", load: "1" } as const;

/** A command line that runs on one CPU: the system under test on the first, load generator and back end together on the second. */
export function pin(part: keyof typeof CPUS, command: readonly string[]): string[] {
  return ["taskset", "-c", CPUS[part], ...command];
}
