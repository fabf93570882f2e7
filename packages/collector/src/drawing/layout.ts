import type { Box, Drawing, Lane, Link, Place } from "./drawing.ts";

/** A rectangle in pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A box with its place on the paper. */
export interface PlacedBox extends Rect {
  readonly box: Box;
}

/** A lane with its place on the paper. */
export interface PlacedLane extends Rect {
  readonly lane: Lane;
  readonly receivers: readonly PlacedBox[];
  readonly processors: readonly PlacedBox[];
  readonly exporters: readonly PlacedBox[];
}

/** A point in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line of right angles between two lanes. */
export interface PlacedLink {
  readonly kind: Link["kind"];
  readonly points: readonly Point[];
}

/** Everything that a renderer needs to know. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly PlacedLane[];
  readonly links: readonly PlacedLink[];
  /** Where the line of extensions begins; undefined when there are none. */
  readonly extensionsAt: Point | undefined;
}

const BOX_HEIGHT = 34;
const ROW_GAP = 12;
const COLUMN_GAP = 44;
const LANE_HEAD = 34;
const LANE_PADDING = 18;
const LANE_GAP = 18;
const MARGIN = 20;
const TRACK = 10;
const CHARACTER = 7.6;
const BOX_PADDING = 28;
const NARROWEST_BOX = 60;
const EXTENSIONS_HEIGHT = 26;

/** Labels longer than this are cut; the full id stays in the tool tip. */
export const LONGEST_LABEL = 34;

/** Puts every box and line in its place: receivers in one column on the left, exporters in one on the right, links between the lanes. */
export function layOut(drawing: Drawing): Layout {
  const columns = placeColumns(drawing);
  const leftTracks = drawing.links.length * TRACK;
  const lanes: PlacedLane[] = [];
  let y = MARGIN;
  drawing.lanes.forEach((lane, index) => {
    const placed = placeLane(lane, columns, MARGIN + leftTracks, y);
    lanes.push(placed);
    const leaving = drawing.links.filter((link) => link.from.lane === index).length;
    y += placed.height + LANE_GAP + leaving * TRACK;
  });
  const right = MARGIN + leftTracks + columns.width;
  const hasExtensions = drawing.extensions.length > 0;
  return {
    width: Math.ceil(right + MARGIN + rightTracks(drawing) * TRACK),
    height: Math.ceil(y - LANE_GAP + MARGIN + (hasExtensions ? EXTENSIONS_HEIGHT : 0)),
    lanes,
    links: drawing.links.map((link, index) => routeLink(drawing, lanes, link, index)),
    extensionsAt: hasExtensions ? { x: MARGIN + leftTracks, y: y - LANE_GAP + EXTENSIONS_HEIGHT } : undefined,
  };
}

/** Left edges of the columns, from the left edge of a lane, and the widths of the boxes in them. */
interface Columns {
  readonly receiver: number;
  readonly processors: readonly { readonly x: number; readonly width: number }[];
  readonly exporterX: number;
  readonly exporter: number;
  readonly width: number;
}

function placeColumns({ lanes }: Drawing): Columns {
  const receiver = widest(lanes.flatMap((lane) => lane.receivers));
  const exporter = widest(lanes.flatMap((lane) => lane.exporters));
  const processors: { x: number; width: number }[] = [];
  let x = LANE_PADDING + receiver + COLUMN_GAP;
  for (let column = 0; column < Math.max(0, ...lanes.map((lane) => lane.processors.length)); column += 1) {
    const width = widest(lanes.flatMap((lane) => lane.processors.slice(column, column + 1)));
    processors.push({ x, width });
    x += width + COLUMN_GAP;
  }
  return { receiver, processors, exporterX: x, exporter, width: x + exporter + LANE_PADDING };
}

function placeLane(lane: Lane, columns: Columns, x: number, y: number): PlacedLane {
  const rows = Math.max(1, lane.receivers.length, lane.exporters.length);
  const inner = rows * BOX_HEIGHT + (rows - 1) * ROW_GAP;
  const top = y + LANE_HEAD;
  const stack = (boxes: readonly Box[], at: number, width: number): PlacedBox[] => {
    const first = top + (inner - (boxes.length * BOX_HEIGHT + (boxes.length - 1) * ROW_GAP)) / 2;
    return boxes.map((box, index) => ({ box, x: at, y: first + index * (BOX_HEIGHT + ROW_GAP), width, height: BOX_HEIGHT }));
  };
  return {
    lane,
    x,
    y,
    width: columns.width,
    height: LANE_HEAD + inner + LANE_PADDING,
    receivers: stack(lane.receivers, x + LANE_PADDING, columns.receiver),
    processors: lane.processors.flatMap((box, index) => {
      const column = columns.processors[index];
      return column === undefined ? [] : stack([box], x + column.x, column.width);
    }),
    exporters: stack(lane.exporters, x + columns.exporterX, columns.exporter),
  };
}

function widest(boxes: readonly Box[]): number {
  return Math.max(NARROWEST_BOX, ...boxes.map(boxWidth));
}

function boxWidth({ id }: Box): number {
  return Math.min(id.length, LONGEST_LABEL) * CHARACTER + BOX_PADDING;
}

/** Connectors that have a box below them leave to the right, on a track of their own. */
function rightTracks({ links, lanes }: Drawing): number {
  return links.filter((link) => leavesRight(lanes, link.from)).length;
}

function leavesRight(lanes: readonly Lane[], from: Place): boolean {
  return from.row === "exporters" && from.index < (lanes[from.lane]?.exporters.length ?? 0) - 1;
}

/** Out of the source, along the gap below its lane, down a track in the left margin, and into the target from the left. */
function routeLink(drawing: Drawing, lanes: readonly PlacedLane[], link: Link, index: number): PlacedLink {
  const source = placedAt(lanes, link.from);
  const target = placedAt(lanes, link.to);
  const lane = lanes[link.from.lane];
  if (source === undefined || target === undefined || lane === undefined) return { kind: link.kind, points: [] };
  const before = drawing.links.slice(0, index);
  const channel = lane.y + lane.height + LANE_GAP / 2 + before.filter(({ from }) => from.lane === link.from.lane).length * TRACK;
  const track = MARGIN + index * TRACK;
  const into = target.y + target.height / 2 + spread(before.filter(({ to }) => samePlace(to, link.to)).length);
  const end: readonly Point[] = [
    { x: track, y: channel },
    { x: track, y: into },
    { x: target.x, y: into },
  ];
  if (leavesRight(drawing.lanes, link.from)) {
    const side = lane.x + lane.width + (1 + before.filter(({ from }) => leavesRight(drawing.lanes, from)).length) * TRACK;
    const out = source.y + source.height / 2;
    return { kind: link.kind, points: [{ x: source.x + source.width, y: out }, { x: side, y: out }, { x: side, y: channel }, ...end] };
  }
  const down = source.x + source.width / 2 + spread(before.filter(({ from }) => samePlace(from, link.from)).length);
  return { kind: link.kind, points: [{ x: down, y: source.y + source.height }, { x: down, y: channel }, ...end] };
}

function placedAt(lanes: readonly PlacedLane[], place: Place): PlacedBox | undefined {
  return lanes[place.lane]?.[place.row][place.index];
}

function samePlace(a: Place, b: Place): boolean {
  return a.lane === b.lane && a.row === b.row && a.index === b.index;
}

/** 0, 8, −8, 16 …: lines that share an end do not lie on each other. */
function spread(count: number): number {
  return Math.ceil(count / 2) * 8 * (count % 2 === 0 ? -1 : 1);
}
