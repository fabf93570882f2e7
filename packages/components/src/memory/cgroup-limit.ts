/** Reads a whole text file; undefined when it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** One row of /proc/self/cgroup: where the memory controller of a hierarchy stands, and the files in which its limits are. */
interface Hierarchy {
  readonly mount: string;
  /** Path of this process's group below the mount. */
  readonly group: string;
  readonly files: readonly string[];
}

/** cgroup v1 writes "no limit" as the largest multiple of the page size in an int64. */
const UNLIMITED_BYTES = 2 ** 60;

/**
 * The memory that the control groups of this process leave it, in bytes; undefined without a limit. Version 2 has `max` (the kernel
 * kills above it) and `high` (it throttles), version 1 `limit_in_bytes`. A group is bound by the limits of all groups around it too.
 * In a container the path may be that of the host, while only the top of the mount is there: what cannot be read is passed over.
 */
export function cgroupLimitBytes(readText: ReadText): number | undefined {
  let least: number | undefined;
  for (const { mount, group, files } of hierarchiesOf(readText("/proc/self/cgroup") ?? "")) {
    for (const folder of upwards(group)) {
      for (const file of files) {
        const bytes = limitIn(readText(`${mount}${folder}/${file}`));
        if (bytes !== undefined && (least === undefined || bytes < least)) least = bytes;
      }
    }
  }
  return least;
}

/** Rows are `number:controllers:path`; version 2 has number 0 and no controllers. Both can be there at once. */
function hierarchiesOf(text: string): readonly Hierarchy[] {
  return text.split("\n").flatMap((line): readonly Hierarchy[] => {
    const [number = "", controllers = "", ...rest] = line.split(":");
    const group = rest.join(":");
    if (number === "0" && controllers === "") return [{ mount: "/sys/fs/cgroup", group, files: ["memory.max", "memory.high"] }];
    if (!controllers.split(",").includes("memory")) return [];
    return [{ mount: "/sys/fs/cgroup/memory", group, files: ["memory.limit_in_bytes"] }];
  });
}

/** `/a/b` gives `/a/b`, `/a` and the top. */
function upwards(group: string): readonly string[] {
  const names = group.split("/").filter((name) => name !== "");
  return names.map((_, index) => `/${names.slice(0, names.length - index).join("/")}`).concat("");
}

function limitIn(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? "";
  if (!/^\d+$/.test(digits)) return undefined;
  const bytes = Number(digits);
  return bytes >= UNLIMITED_BYTES ? undefined : bytes;
}
