import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { APPLICATION_ID, MIGRATIONS, migrate } from "./schema.ts";

const version = (database: DatabaseSync): unknown => database.prepare("PRAGMA user_version").get()?.["user_version"];

/** A file as the first version wrote it, with one letter. */
function firstVersion(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(`${MIGRATIONS[0]}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  database.exec(`INSERT INTO dead_letters (owner, signal, reason, message, attempts, buried_at, received_at, transport, items, bytes, checksum, body)
    VALUES ('a', 'logs', 'rejected', 'no', 1, 2, 3, 'http', 4, 1, 5, x'00')`);
  return database;
}

describe("the layout of the database", () => {
  it("is made in an empty file, and left alone where it is there", () => {
    const database = new DatabaseSync(":memory:");
    migrate(database);
    expect(version(database)).toBe(MIGRATIONS.length);
    migrate(database);
    expect(database.prepare("SELECT count(*) AS letters FROM dead_letters").get()?.["letters"]).toBe(0);
  });

  it("is brought up to date by the steps that are missing, with what is in it", () => {
    const database = firstVersion();
    migrate(database, [...MIGRATIONS.slice(0, 1), "ALTER TABLE dead_letters ADD COLUMN note TEXT NOT NULL DEFAULT 'old'"]);
    expect(version(database)).toBe(2);
    expect(
      database
        .prepare("SELECT owner, note FROM dead_letters")
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([{ owner: "a", note: "old" }]);
  });

  it("stays as it was when a step fails", () => {
    const database = firstVersion();
    const steps = [...MIGRATIONS.slice(0, 1), "DELETE FROM dead_letters", "ALTER TABLE nothing ADD COLUMN note TEXT"];
    expect(() => migrate(database, steps)).toThrow(/nothing/);
    expect(version(database)).toBe(1);
    expect(database.prepare("SELECT count(*) AS letters FROM dead_letters").get()?.["letters"]).toBe(1);
  });

  it("is not touched when it is newer, or somebody else's", () => {
    const newer = firstVersion();
    newer.exec("PRAGMA user_version = 99");
    expect(() => migrate(newer)).toThrow("state.db has version 99, and this Tidemark knows versions up to 1: run a newer Tidemark");
    const foreign = new DatabaseSync(":memory:");
    foreign.exec("CREATE TABLE bookmarks (url TEXT)");
    expect(() => migrate(foreign)).toThrow("was not written by Tidemark");
  });
});
