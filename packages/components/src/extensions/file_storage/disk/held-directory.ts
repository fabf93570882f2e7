import { messageOf, type Clock } from "@tidemark/core";
import { lockDirectory, tryLock, type DirectoryLock } from "./directory-lock.ts";
import type { FileLayer } from "./file-layer.ts";

/** What a directory is held with. */
export interface HoldEnvironment {
  readonly files: FileLayer;
  readonly folderMode: number;
  readonly pid: number;
}

/** A directory that this process keeps for itself, also when somebody deletes it. */
export class HeldDirectory {
  readonly path: string;
  readonly #environment: HoldEnvironment;
  /** Undefined while the directory is gone and could not be taken again. */
  #lock: DirectoryLock | undefined;

  private constructor(path: string, lock: DirectoryLock, environment: HoldEnvironment) {
    this.path = path;
    this.#lock = lock;
    this.#environment = environment;
  }

  /**
   * Takes a directory that exists.
   * @throws DirectoryInUse in words for users when another process has it and keeps it for `timeoutMs`.
   */
  static async take(
    path: string,
    { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
    environment: HoldEnvironment,
  ): Promise<HeldDirectory> {
    const lock = await lockDirectory(path, { timeoutMs, pid: environment.pid, clock });
    return new HeldDirectory(path, lock, environment);
  }

  /** Whether the directory that was taken is still the one that has the name. */
  isIntact(): boolean {
    return this.#lock?.isIntact() === true;
  }

  /** Makes the directory anew and takes it; gives why that cannot be, in words, else undefined. */
  async retake(): Promise<string | undefined> {
    const { files, folderMode, pid } = this.#environment;
    this.release();
    try {
      await files.createDirectory(this.path, folderMode);
      this.#lock = tryLock(this.path, pid);
    } catch (error) {
      return `cannot be made anew: ${messageOf(error)}`;
    }
    return this.#lock === undefined ? "another process has taken it" : undefined;
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
