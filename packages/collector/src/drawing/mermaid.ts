import type { Box, Drawing, Lane, Place } from "./drawing.ts";

const CLASSES = [
  "  classDef receiver fill:#dbeafe,stroke:#2563eb,color:#172554",
  "  classDef processor fill:#f1f5f9,stroke:#64748b,color:#0f172a",
  "  classDef exporter fill:#dcfce7,stroke:#16a34a,color:#052e16",
  "  classDef connector fill:#ede9fe,stroke:#7c3aed,color:#2e1065",
  "  classDef alerts fill:#fee2e2,stroke:#dc2626,color:#450a0a",
];

/** The drawing as a Mermaid flow chart, as GitHub and most documentation tools show it. */
export function toMermaid(drawing: Drawing): string {
  const lines = ["flowchart LR"];
  drawing.lanes.forEach((lane, index) => {
    lines.push(`  subgraph lane${index}["${escapeLabel(lane.title)}"]`, "    direction LR");
    for (const row of ["receivers", "processors", "exporters"] as const) {
      lane[row].forEach((box, at) => lines.push(`    ${nodeLine(box, { lane: index, row, index: at })}`));
    }
    lines.push(...insideLane(lane, index).map((edge) => `    ${edge}`), "  end");
  });
  for (const { kind, from, to } of drawing.links)
    lines.push(`  ${nodeId(from)} ${kind === "alerts" ? "-.->|alerts|" : "==>"} ${nodeId(to)}`);
  return `${[...lines, ...CLASSES].join("\n")}\n`;
}

/** Quotes, and whatever Mermaid or HTML could take for mark-up, become entities. */
export function escapeLabel(text: string): string {
  return text.replace(/[^\p{L}\p{N} _./@:,()-]/gu, (character) => `#${character.codePointAt(0)};`);
}

function nodeLine(box: Box, place: Place): string {
  return `${nodeId(place)}["${escapeLabel(box.id)}"]:::${box.kind}`;
}

function insideLane(lane: Lane, index: number): string[] {
  const ids = (row: Place["row"]): string[] => lane[row].map((_, at) => nodeId({ lane: index, row, index: at }));
  const chain = ids("processors");
  const first = chain[0];
  if (first === undefined) return [`${ids("receivers").join(" & ")} --> ${ids("exporters").join(" & ")}`];
  return [
    `${ids("receivers").join(" & ")} --> ${first}`,
    ...(chain.length > 1 ? [chain.join(" --> ")] : []),
    `${chain.at(-1)} --> ${ids("exporters").join(" & ")}`,
  ];
}

function nodeId({ lane, row, index }: Place): string {
  return `${row.charAt(0)}${lane}_${index}`;
}
