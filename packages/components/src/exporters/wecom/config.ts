import { durationField, queueField, retryField, timeoutField } from "@tidemark/core";
import { z } from "zod";

const mentionsField = z
  .strictObject({
    users: z
      .array(z.string())
      .default([])
      .meta({ description: "User ids to mention; `@all` works in text messages only.", examples: [["lihua"]] }),
    mobiles: z
      .array(z.string())
      .default([])
      .meta({ description: "Mobile numbers to mention, in text messages only.", examples: [["13800001111"]] }),
  })
  .prefault({})
  .meta({ description: "Who is called when an alert fires.", examples: [{ users: ["lihua"] }] });

const shape = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: "must be the robot's webhook URL, https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…" })
    .meta({
      description: "The robot's webhook URL with its key. The key is never logged.",
      examples: ["https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${env:WECOM_KEY}"],
    }),
  format: z
    .enum(["markdown", "text"])
    .default("markdown")
    .meta({ description: "Message type: markdown holds 4096 bytes, text 2048.", examples: ["text"] }),
  mentions: mentionsField,
  trace_url: z
    .string()
    .optional()
    .meta({
      description: "Link to a trace; `{trace_id}`, `{service}`, `{starts_at_ms}`… are filled in.",
      examples: ["https://jaeger.example.com/trace/{trace_id}"],
    }),
  messages_per_minute: z
    .int()
    .min(1)
    .max(20)
    .default(20)
    .meta({ description: "Most messages in any minute; WeCom allows a robot 20. What must wait is put into one message.", examples: [10] }),
  request_timeout: durationField()
    .prefault("5s")
    .meta({ description: "How long one request may take; 0s is one minute.", examples: ["5s"] }),
  timeout: timeoutField("2m").meta({
    description: "How long one attempt may take, the wait for the rate limit included; 0s waits for ever.",
    examples: ["2m"],
  }),
  retry_on_failure: retryField,
  sending_queue: queueField,
});

/** Options of `wecom`. */
export const wecomConfig: typeof shape = shape.superRefine(({ format, mentions }, context) => {
  if (format === "text") return;
  if (mentions.mobiles.length > 0) {
    context.addIssue({
      code: "custom",
      path: ["mentions", "mobiles"],
      message: "WeCom mentions mobile numbers in text messages only; set format: text",
    });
  }
  if (mentions.users.includes("@all")) {
    context.addIssue({
      code: "custom",
      path: ["mentions", "users"],
      message: "WeCom mentions @all in text messages only; set format: text",
    });
  }
  for (const [i, user] of mentions.users.entries()) {
    if (/[<>\s]/.test(user))
      context.addIssue({
        code: "custom",
        path: ["mentions", "users", i],
        message: `"${user}" is not a user id; remove blanks and angle brackets`,
      });
  }
});

/** Parsed configuration; times in milliseconds. */
export type WecomConfig = z.output<typeof wecomConfig>;
