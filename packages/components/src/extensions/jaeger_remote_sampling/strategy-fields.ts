import { z } from "zod";

/** The protocol carries the limit as an int32. */
const MOST_TRACES_PER_SECOND = 2 ** 31 - 1;

const param = z.number().meta({
  description: "`probabilistic`: share of the traces, 0 to 1; `ratelimiting`: whole traces per second.",
  examples: [0.1],
});

const operation = z
  .strictObject({
    operation: z
      .string()
      .min(1)
      .meta({ description: "Name of the first span.", examples: ["GET /health"] }),
    type: z
      .literal("probabilistic", { error: "an operation can only be probabilistic: the protocol has no rate limit for one" })
      .meta({ description: "How it is decided.", examples: ["probabilistic"] }),
    param,
  })
  .superRefine(checkParam);

const strategy = {
  type: z.enum(["probabilistic", "ratelimiting"]).meta({ description: "How it is decided.", examples: ["probabilistic"] }),
  param,
  operation_strategies: z
    .array(operation)
    .default([])
    .superRefine((operations, context) => reportDoubles(operations, "operation", context))
    .meta({
      description: "Other shares for traces that begin with certain operations.",
      examples: [[{ operation: "GET /health", type: "probabilistic", param: 0 }]],
    }),
};

const fields = z.strictObject({
  default_strategy: z
    .strictObject(strategy)
    .superRefine(checkParam)
    .optional()
    .meta({
      description:
        "For services without an own strategy; its operations count for all probabilistic services. Absent: 0.001 of the traces.",
      examples: [{ type: "probabilistic", param: 0.1 }],
    }),
  service_strategies: z
    .array(
      z
        .strictObject({
          service: z
            .string()
            .min(1)
            .meta({ description: "`service.name` of the service.", examples: ["checkout"] }),
          ...strategy,
        })
        .superRefine(checkParam),
    )
    .default([])
    .superRefine((services, context) => reportDoubles(services, "service", context))
    .meta({ description: "For single services.", examples: [[{ service: "checkout", type: "ratelimiting", param: 5 }]] }),
});

/** Jaeger's sampling strategies, as its JSON files have them. */
export const strategiesField: typeof fields = fields;

/** Checked strategies. */
export type Strategies = z.output<typeof fields>;

function checkParam({ type, param: value }: { readonly type: string; readonly param: number }, context: z.RefinementCtx): void {
  const message =
    type === "ratelimiting"
      ? Number.isInteger(value) && value >= 0 && value <= MOST_TRACES_PER_SECOND
        ? undefined
        : `${value} is not a number of traces per second; write a whole number, such as 5`
      : value >= 0 && value <= 1
        ? undefined
        : `${value} is not a share of the traces; write a number from 0 to 1, such as 0.1 for 10 %`;
  if (message !== undefined) context.addIssue({ code: "custom", path: ["param"], message });
}

function reportDoubles<K extends string>(items: readonly Readonly<Record<K, string>>[], key: K, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { [key]: name }] of items.entries()) {
    if (seen.has(name)) context.addIssue({ code: "custom", path: [index, key], message: `"${name}" is there twice; remove one` });
    seen.add(name);
  }
}
