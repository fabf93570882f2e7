import { constants } from "node:fs";
import { readFile } from "node:fs/promises";

/** To open a pipe would else wait for its writer, in a thread that nobody gets back and that keeps the process from ending. */
const FLAG = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads a text file. A pipe that nobody writes to is empty. */
export function readTextFile(path: string): Promise<string> {
  return readFile(path, { encoding: "utf8", flag: FLAG });
}
