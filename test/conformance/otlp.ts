// Every rule of the OTLP specification against the real collector: a table, and exit code 1 where one is broken.
//   npm run conformance -- otlp [--only TEXT]
import { parseArgs } from "node:util";
import { TRANSPORTS, type Rule } from "./rule.ts";
import { rules } from "./rules/index.ts";
import { runRule } from "./run-rule.ts";
import { startSubject, type Subject } from "./subject.ts";

const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const SECTION_WIDTH = 34;
const CELL_WIDTH = 9;

interface Totals {
  passed: number;
  failed: number;
}

async function tell(rule: Rule, subject: Subject, totals: Totals): Promise<void> {
  const faults: string[] = [];
  const cells: string[] = [];
  for (const transport of TRANSPORTS) {
    if (!rule.transports.includes(transport)) {
      cells.push("–");
      continue;
    }
    try {
      await runRule(rule, transport, subject);
      totals.passed += 1;
      cells.push("pass");
    } catch (error) {
      totals.failed += 1;
      cells.push("FAIL");
      faults.push(...(error as Error).message.split("\n").map((line) => `    ${transport}: ${line}`));
    }
  }
  const columns = cells.map((text) => text.padEnd(CELL_WIDTH)).join("");
  console.log(
    `${columns}${rule.side}  ${rule.section.padEnd(SECTION_WIDTH)}  ${rule.rule}\n${" ".repeat(CELL_WIDTH * 3)}        ${rule.how}`,
  );
  for (const fault of faults) console.log(fault);
}

const subject = await startSubject();
const totals: Totals = { passed: 0, failed: 0 };
try {
  console.log(`${TRANSPORTS.map((name) => name.padEnd(CELL_WIDTH)).join("")}side    ${"section".padEnd(SECTION_WIDTH)}  rule\n`);
  for (const rule of rules) {
    if (!`${rule.section} ${rule.rule}`.includes(values.only)) continue;
    await tell(rule, subject, totals);
  }
} finally {
  await subject.close();
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;
