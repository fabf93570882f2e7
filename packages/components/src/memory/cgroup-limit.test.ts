import { describe, expect, it } from "vitest";
import { cgroupLimitBytes } from "./cgroup-limit.ts";

const UNLIMITED_V1 = "9223372036854771712\n";

/** The limit among these files and no others. */
function limit(files: Readonly<Record<string, string>>): number | undefined {
  return cgroupLimitBytes((path) => files[path]);
}

describe("memory limit of the control group", () => {
  it("is memory.max of version 2", () => {
    expect(limit({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "536870912\n" })).toBe(536_870_912);
  });

  it("is memory.high where that is lower: above it the kernel slows the process down", () => {
    const files = { "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/memory.max": "1000\n", "/sys/fs/cgroup/a/memory.high": "900\n" };
    expect(limit(files)).toBe(900);
  });

  it("is limit_in_bytes of version 1, whatever controllers share its hierarchy", () => {
    const files = {
      "/proc/self/cgroup": "5:devices:/\n4:cpu,memory:/docker/abc\n",
      "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "268435456\n",
    };
    expect(limit(files)).toBe(268_435_456);
  });

  it("is the lowest of the group and all groups around it", () => {
    const files = {
      "/proc/self/cgroup": "0::/kubepods/pod1/container\n",
      "/sys/fs/cgroup/kubepods/pod1/container/memory.max": "max\n",
      "/sys/fs/cgroup/kubepods/pod1/memory.max": "300\n",
      "/sys/fs/cgroup/kubepods/memory.max": "900\n",
    };
    expect(limit(files)).toBe(300);
  });

  it("is found at the top of the mount when the path is that of the host", () => {
    const v1 = { "/proc/self/cgroup": "4:memory:/docker/abc\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "700\n" };
    expect(limit(v1)).toBe(700);
  });

  it("is the lower one where both versions are there", () => {
    const files = {
      "/proc/self/cgroup": "4:memory:/x\n0::/x\n",
      "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": UNLIMITED_V1,
      "/sys/fs/cgroup/x/memory.max": "42\n",
    };
    expect(limit(files)).toBe(42);
  });

  it.each([
    ["without control groups", {}],
    ["without a limit in version 2", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" }],
    ["without a limit in version 1", { "/proc/self/cgroup": "4:memory:/\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED_V1 }],
    ["with files that cannot be read", { "/proc/self/cgroup": "4:memory:/a/b\n0::/\n" }],
    ["in groups for other things", { "/proc/self/cgroup": "8:pids:/a\n", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1\n" }],
  ])("is none %s", (_, files) => {
    expect(limit(files)).toBeUndefined();
  });
});
