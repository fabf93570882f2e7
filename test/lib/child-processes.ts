import { readdir, readFile } from "node:fs/promises";

/** Process ids of the children of a process, in the order in which they were started. Needs /proc. */
export async function childrenOf(parent: number | undefined): Promise<number[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(ids.map((id) => parentOf(id)));
  return ids
    .filter((_, index) => parents[index] === parent)
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** proc_pid_stat(5): the fourth field, behind the name in parentheses. */
async function parentOf(id: string): Promise<number | undefined> {
  const stat = await readFile(`/proc/${id}/stat`, "utf8").catch(() => "");
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return parent === undefined ? undefined : Number(parent);
}
