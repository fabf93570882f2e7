import { codeSpan, renderLine, renderMarkdown, renderText, severityLevel, truncateUtf8, utf8Length, type Alert } from "@tidemark/alerting";

/** Body of a WeCom group robot message. */
export type WecomMessage =
  | { readonly msgtype: "markdown"; readonly markdown: { readonly content: string } }
  | {
      readonly msgtype: "text";
      readonly text: {
        readonly content: string;
        readonly mentioned_list?: readonly string[];
        readonly mentioned_mobile_list?: readonly string[];
      };
    };

/** The part of the configuration that decides how a message reads. */
export interface MessageOptions {
  readonly format: "markdown" | "text";
  readonly mentions: { readonly users: readonly string[]; readonly mobiles: readonly string[] };
  readonly trace_url?: string | undefined;
}

/** Limits of the robot API, in bytes of UTF-8 (errcode 40058 beyond them). */
const MAX_BYTES = { markdown: 4096, text: 2048 } as const;
const LINE_BYTES = 480;

function urgency(alert: Alert): number {
  return (alert.status === "firing" ? 100 : 0) + severityLevel(alert.severity);
}

function heading(alerts: readonly Alert[]): string {
  const firing = alerts.filter(({ status }) => status === "firing").length;
  return `${alerts.length} alerts: ${firing} firing, ${alerts.length - firing} resolved`;
}

/** As many lines as fit, and how many are left out. */
function digest(title: string, lines: readonly string[], maxBytes: number): string {
  let text = title;
  let bytes = utf8Length(title);
  for (const [i, line] of lines.entries()) {
    const rest = lines.length - i - 1;
    const needed = 1 + utf8Length(line);
    const reserve = rest === 0 ? 0 : utf8Length(`\nand ${rest} more`);
    if (bytes + needed + reserve > maxBytes) return `${text}\nand ${lines.length - i} more`;
    text += `\n${line}`;
    bytes += needed;
  }
  return text;
}

/** Everything in full where it fits; else one line for each alert, the most urgent first, and a count of the rest. */
function contentOf(alerts: readonly Alert[], { format, trace_url }: MessageOptions, maxBytes: number): string {
  const options = trace_url === undefined ? {} : { traceUrl: trace_url };
  const render = (alert: Alert): string => (format === "markdown" ? renderMarkdown(alert, options) : renderText(alert, options));
  const [first] = alerts;
  if (first !== undefined && alerts.length === 1) return truncateUtf8(render(first), maxBytes);
  const ordered = alerts.toSorted((a, b) => urgency(b) - urgency(a));
  const title = format === "markdown" ? `**${heading(alerts)}**` : heading(alerts);
  const full = [title, ...ordered.map(render)].join("\n\n");
  if (utf8Length(full) <= maxBytes) return full;
  const lines = ordered.map((alert) =>
    format === "markdown" ? `> ${codeSpan(renderLine(alert), LINE_BYTES)}` : truncateUtf8(renderLine(alert), LINE_BYTES),
  );
  return digest(title, lines, maxBytes);
}

/** One robot message for some alerts (at least one). Never longer than the robot accepts. */
export function messageOf(alerts: readonly Alert[], options: MessageOptions): WecomMessage {
  const { users, mobiles } = options.mentions;
  const calls = alerts.some(({ status }) => status === "firing");
  if (options.format === "text") {
    const content = contentOf(alerts, options, MAX_BYTES.text);
    return {
      msgtype: "text",
      text: {
        content,
        ...(calls && users.length > 0 ? { mentioned_list: users } : {}),
        ...(calls && mobiles.length > 0 ? { mentioned_mobile_list: mobiles } : {}),
      },
    };
  }
  const mentions = calls && users.length > 0 ? `\n${users.map((user) => `<@${user}>`).join(" ")}` : "";
  return { msgtype: "markdown", markdown: { content: contentOf(alerts, options, MAX_BYTES.markdown - utf8Length(mentions)) + mentions } };
}
