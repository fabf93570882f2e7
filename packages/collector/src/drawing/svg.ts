import type { BoxKind, Drawing } from "./drawing.ts";
import { layOut, LONGEST_LABEL, type Layout, type PlacedBox, type PlacedLane, type PlacedLink, type Point } from "./layout.ts";

const FILL: Readonly<Record<BoxKind, string>> = {
  receiver: "#dbeafe",
  processor: "#f8fafc",
  exporter: "#dcfce7",
  connector: "#ede9fe",
  alerts: "#fee2e2",
};
const STROKE: Readonly<Record<BoxKind, string>> = {
  receiver: "#2563eb",
  processor: "#64748b",
  exporter: "#16a34a",
  connector: "#7c3aed",
  alerts: "#dc2626",
};
const CORNER = 6;

/** The drawing as an SVG picture: the same bytes for the same graph; nothing in it is fetched or run. */
export function toSvg(drawing: Drawing): string {
  const layout = layOut(drawing);
  const { width, height } = layout;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(drawing.lanes.map(({ id }) => id).join(", "))}</title>`,
    `<defs>${["flow", "connector", "alerts"].map(marker).join("")}</defs>`,
    `<rect width="${width}" height="${height}" rx="10" fill="#ffffff"/>`,
    ...layout.lanes.flatMap(laneShapes),
    ...layout.links.map(linkShape),
    ...extensionsLine(drawing, layout),
    "</svg>",
    "",
  ].join("\n");
}

/** Text for element content and attribute values. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function marker(kind: string): string {
  return `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5 7.5 4 0 7.5z" fill="${lineColor(kind)}"/></marker>`;
}

function lineColor(kind: string): string {
  if (kind === "alerts") return STROKE.alerts;
  return kind === "connector" ? STROKE.connector : "#94a3b8";
}

function laneShapes(lane: PlacedLane): string[] {
  const { x, y, width, height } = lane;
  const stroke = lane.lane.signal === "alerts" ? "#fca5a5" : "#cbd5e1";
  return [
    `<rect x="${x}" y="${y}" width="${round(width)}" height="${height}" rx="8" fill="#ffffff" stroke="${stroke}"/>`,
    `<text x="${x + 18}" y="${y + 22}" font-weight="600" fill="#334155">${escapeXml(cut(lane.lane.title, 80))}</text>`,
    ...flows(lane).map(
      (path) => `<path d="${path}" fill="none" stroke="${lineColor("flow")}" stroke-width="1.5" marker-end="url(#flow)"/>`,
    ),
    ...[...lane.receivers, ...lane.processors, ...lane.exporters].map(boxShape),
  ];
}

/** The way of a batch through a lane: every receiver into the first box of the chain, the last one into every exporter. */
function flows({ receivers, processors, exporters }: PlacedLane): string[] {
  const first = processors[0];
  const last = processors.at(-1);
  if (first === undefined || last === undefined) return receivers.flatMap((from) => exporters.map((to) => curve(from, to)));
  const chain = processors.slice(1).map((to, index) => curve(processors[index] ?? first, to));
  return [...receivers.map((from) => curve(from, first)), ...chain, ...exporters.map((to) => curve(last, to))];
}

function curve(from: PlacedBox, to: PlacedBox): string {
  const start = { x: round(from.x + from.width), y: from.y + from.height / 2 };
  const end = { x: round(to.x), y: to.y + to.height / 2 };
  if (start.y === end.y) return `M${start.x} ${start.y}H${end.x}`;
  // The bend lies beside the box with several neighbours, so that long lines stay level.
  const bend = 44;
  const turn = round(end.x - start.x > 2 * bend ? end.x - bend : start.x);
  const middle = round((turn + end.x) / 2);
  return `M${start.x} ${start.y}H${turn}C${middle} ${start.y} ${middle} ${end.y} ${end.x} ${end.y}`;
}

function boxShape({ box, x, y, width, height }: PlacedBox): string {
  const label = escapeXml(cut(box.id, LONGEST_LABEL));
  const tip = `<title>${escapeXml(`${box.kind === "alerts" ? "alerts of processor" : box.kind} ${box.id}`)}</title>`;
  const shape = `<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${height}" rx="6" fill="${FILL[box.kind]}" stroke="${STROKE[box.kind]}" stroke-width="1.25"/>`;
  const text = `<text x="${round(x + width / 2)}" y="${y + height / 2 + 4.5}" text-anchor="middle" fill="#0f172a">${label}</text>`;
  return `<g>${tip}${shape}${text}</g>`;
}

function linkShape({ kind, points }: PlacedLink): string {
  const dash = kind === "alerts" ? ' stroke-dasharray="5 4"' : "";
  return `<path d="${rounded(points)}" fill="none" stroke="${lineColor(kind)}" stroke-width="1.5"${dash} marker-end="url(#${kind})"/>`;
}

/** A line of right angles with round corners. */
function rounded(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return "";
  let path = `M${round(start.x)} ${start.y}`;
  rest.forEach((corner, index) => {
    const before = points[index] ?? start;
    const after = rest[index + 1];
    if (after === undefined) path += `L${round(corner.x)} ${corner.y}`;
    else {
      const [into, out] = [toward(corner, before), toward(corner, after)];
      path += `L${round(into.x)} ${into.y}Q${round(corner.x)} ${corner.y} ${round(out.x)} ${out.y}`;
    }
  });
  return path;
}

function toward(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function extensionsLine(drawing: Drawing, { extensionsAt }: Layout): string[] {
  if (extensionsAt === undefined) return [];
  return [
    `<text x="${extensionsAt.x}" y="${extensionsAt.y}" font-size="12" fill="#64748b">extensions: ${escapeXml(drawing.extensions.join(", "))}</text>`,
  ];
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
