import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@tidemark/core";
import { VirtualClock } from "@tidemark/core/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FILE_SYSTEM, FileWatcher, type WatchIo } from "./watch-files.ts";

/** A file system of which the test says what happens. */
function fakeFiles(): {
  io: WatchIo;
  versions: Map<string, string>;
  tell: (directory: string, name: string | null) => void;
  watched: () => string[];
} {
  const versions = new Map<string, string>();
  const listeners = new Map<string, (name: string | null) => void>();
  const io: WatchIo = {
    watchDirectory: (path, changed) => {
      listeners.set(path, changed);
      return { close: () => void listeners.delete(path) };
    },
    fingerprint: (path) => versions.get(path),
    follow: (path) => path,
  };
  return { io, versions, tell: (directory, name) => listeners.get(directory)?.(name), watched: () => [...listeners.keys()] };
}

/** A watcher of such files in virtual time. */
function watching() {
  const clock = new VirtualClock();
  const changed = vi.fn<() => void>();
  const { io, ...files } = fakeFiles();
  return { ...files, clock, changed, watcher: new FileWatcher(clock, io, changed) };
}

describe("FileWatcher", () => {
  it("tells once of a burst, 200 ms after its last change", async () => {
    const { changed, clock, versions, tell, watcher } = watching();
    versions.set("/etc/a.yaml", "1");
    watcher.watch(["/etc/a.yaml"]);
    for (const version of ["2", "3", "4"]) {
      versions.set("/etc/a.yaml", version);
      tell("/etc", "a.yaml");
      await clock.advance(150);
    }
    expect(changed).not.toHaveBeenCalled();
    await clock.advance(50);
    expect(changed).toHaveBeenCalledTimes(1);
    watcher.close();
    await clock.advance(60_000);
    expect([changed.mock.calls.length, clock.pending]).toEqual([1, 0]);
  });

  it("does not wait for ever where something changes all the time", async () => {
    const { changed, clock, versions, tell, watcher } = watching();
    watcher.watch(["/etc/a.yaml"]);
    for (let step = 0; step < 11; step++) {
      versions.set("/etc/a.yaml", String(step));
      tell("/etc", "a.yaml");
      await clock.advance(100);
    }
    expect(changed).toHaveBeenCalledTimes(1);
    watcher.close();
  });

  it("says nothing of other files, and of a file that is as it was", async () => {
    const { changed, clock, versions, tell, watcher } = watching();
    versions.set("/etc/a.yaml", "1");
    watcher.watch(["/etc/a.yaml"]);
    tell("/etc", "b.yaml");
    expect(clock.pending).toBe(1);
    tell("/etc", "a.yaml");
    await clock.advance(200);
    expect(changed).not.toHaveBeenCalled();
    watcher.close();
  });

  it("finds changes of which the system does not tell", async () => {
    const { changed, clock, versions, watcher } = watching();
    watcher.watch(["/etc/a.yaml"]);
    versions.set("/etc/a.yaml", "1");
    await clock.advance(2200);
    expect(changed).toHaveBeenCalledTimes(1);
    watcher.close();
  });

  it("waits no longer because it also looks", async () => {
    const { changed, clock, versions, tell, watcher } = watching();
    watcher.watch(["/etc/a.yaml"]);
    await clock.advance(1900);
    versions.set("/etc/a.yaml", "1");
    tell("/etc", "a.yaml");
    await clock.advance(200);
    expect(changed).toHaveBeenCalledTimes(1);
    watcher.close();
  });

  it("watches the directories of the present files only", () => {
    const { io, watched } = fakeFiles();
    const watcher = new FileWatcher(new VirtualClock(), io, () => undefined);
    watcher.watch(["/etc/a.yaml", "/opt/b.yaml"]);
    watcher.watch(["/opt/b.yaml", "/opt/c.yaml", "/srv/d.yaml"]);
    expect(watched().toSorted()).toEqual(["/opt", "/srv"]);
    watcher.close();
    expect(watched()).toEqual([]);
  });
});

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tidemark-watch-"));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Watches a real file; resolves with whether each of `changes` was noticed. */
async function notices(path: string, changes: readonly (() => Promise<unknown>)[]): Promise<boolean[]> {
  const seen: boolean[] = [];
  let told = (): void => undefined;
  const watcher = new FileWatcher(systemClock, FILE_SYSTEM, () => told());
  cleanups.push(async () => watcher.close());
  watcher.watch([path]);
  for (const change of changes) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    told = () => resolve(true);
    const timer = systemClock.setTimeout(() => resolve(false), 4000);
    await change();
    seen.push(await promise);
    timer.cancel();
  }
  return seen;
}

describe("changes on a real file system", () => {
  it("are noticed when a file is written in place, and when an editor puts another one in its place", async () => {
    const directory = await folder();
    const path = join(directory, "a.yaml");
    await writeFile(path, "one");
    const seen = await notices(path, [
      () => writeFile(path, "two, in place"),
      async () => {
        await writeFile(join(directory, "a.yaml~"), "three");
        await rename(join(directory, "a.yaml~"), path);
      },
      async () => {
        await rename(path, join(directory, "a.yaml.bak"));
        await writeFile(path, "four, with the old one kept");
      },
    ]);
    expect(seen).toEqual([true, true, true]);
  });

  it("are noticed when Kubernetes swaps the link to its data, again and again", async () => {
    const directory = await folder();
    const version = async (name: string): Promise<void> => {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, "a.yaml"), name);
    };
    const swap = async (name: string): Promise<void> => {
      await version(name);
      await symlink(name, join(directory, "..data_tmp"));
      await rename(join(directory, "..data_tmp"), join(directory, "..data"));
    };
    await version("..2026_01");
    await symlink("..2026_01", join(directory, "..data"));
    await symlink("..data/a.yaml", join(directory, "a.yaml"));
    expect(await notices(join(directory, "a.yaml"), [() => swap("..2026_02"), () => swap("..2026_03")])).toEqual([true, true]);
  });
});
