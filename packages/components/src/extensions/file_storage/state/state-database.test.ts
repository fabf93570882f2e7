import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fillDisk, smallDisk } from "../testing/small-disk.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { openState } from "./open-state.ts";
import { giveReserveBack } from "../disk/reserve.ts";
import { StateDatabase } from "./state-database.ts";

describe("the database", () => {
  it("keeps room from its first moment on, and again when it had to give it away", async () => {
    const folder = await temporaryFolder();
    const { calls } = openState({ directory: folder, fsync: false, recreate: false });
    expect(giveReserveBack(folder)).toBe(true);
    expect(giveReserveBack(folder)).toBe(false);
    for (let call = 0; call < 4; call += 1) calls.news();
    expect(giveReserveBack(folder)).toBe(true);
    calls.close();
  });

  it("is not taken for an empty one when it cannot be opened again", async (context) => {
    const mount = await smallDisk(context, 1);
    new StateDatabase(mount, { fsync: false }).close();
    const giveBack = fillDisk(mount);
    const database = new StateDatabase(mount, { fsync: false });
    expect(database.database).toBeDefined();
    giveBack();
    const path = join(mount, "state.db");
    writeFileSync(path, readFileSync(path).fill(0x55));
    expect(() => database.settleIn()).toThrow();
    expect(() => database.database).toThrow("could not be opened again");
    database.close();
  });
});
