import { afterAll, beforeAll, describe, it } from "vitest";
import { rules } from "./rules/index.ts";
import { runRule } from "./run-rule.ts";
import { startSubject, type Subject } from "./subject.ts";

let subject: Subject;

beforeAll(async () => {
  subject = await startSubject();
}, 30_000);

afterAll(() => subject.close());

describe.each(rules.filter(({ transports }) => transports.length > 0))("OTLP, $side: $section: $rule", (rule) => {
  it.each(rule.transports)("%s", (transport) => runRule(rule, transport, subject));
});
