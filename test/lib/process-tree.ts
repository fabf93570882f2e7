import { readdirSync, readFileSync } from "node:fs";

/** Linux reports CPU time in these; it is the same on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** A process and everything that it started, by id. */
export function processTree(pid: number): number[] {
  const parents = parentsOfAll();
  const tree = [pid];
  for (const parent of tree) for (const [child, its] of parents) if (its === parent) tree.push(child);
  return tree;
}

/** Ids of the processes that a process started itself, the first one first. Needs /proc. */
export function childrenOf(pid: number | undefined): number[] {
  return [...parentsOfAll()].flatMap(([child, parent]) => (parent === pid ? [child] : [])).toSorted((a, b) => a - b);
}

function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined;
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]));
  }
  return parents;
}

/** User and system CPU time that the processes have used so far. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    if (fields !== undefined) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory of the processes together, in 10^6 bytes. */
export function residentMB(pids: readonly number[]): number {
  return (pids.reduce((sum, pid) => sum + (residentKib(pid) ?? 0), 0) * 1024) / 1e6;
}

/** Resident memory of a process in MiB; undefined where the system does not tell. */
export function residentMiB(pid: number | undefined): number | undefined {
  const kib = pid === undefined ? undefined : residentKib(pid);
  return kib === undefined ? undefined : kib / 1024;
}

function residentKib(pid: number): number | undefined {
  const kib = /VmRSS:\s+(\d+)/.exec(readOr(`/proc/${pid}/status`))?.[1];
  return kib === undefined ? undefined : Number(kib);
}

/** proc(5) `stat` from the third field on: the second, the name, may hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  const text = readOr(`/proc/${pid}/stat`);
  return text === "" ? undefined : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended
  }
}
