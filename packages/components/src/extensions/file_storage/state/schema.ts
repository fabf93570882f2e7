import type { DatabaseSync } from "node:sqlite";

/** Marks the file as ours, in the header of every SQLite file: "tide". */
export const APPLICATION_ID = 0x74_69_64_65;

/**
 * How a file of version n becomes one of version n + 1: the SQL at index n. A new file is version 0. Published steps never change;
 * a new layout is a new step at the end.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE segments (
     owner TEXT NOT NULL,
     number INTEGER NOT NULL,
     salt INTEGER NOT NULL,
     first_id INTEGER NOT NULL,
     next_id INTEGER NOT NULL,
     removed BLOB NOT NULL,
     checksum INTEGER NOT NULL,
     PRIMARY KEY (owner, number)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE dead_letters (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     owner TEXT NOT NULL,
     signal TEXT NOT NULL,
     reason TEXT NOT NULL,
     message TEXT NOT NULL,
     attempts INTEGER NOT NULL,
     buried_at REAL NOT NULL,
     received_at REAL NOT NULL,
     transport TEXT NOT NULL,
     metadata TEXT,
     items INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     replay INTEGER NOT NULL DEFAULT 0,
     checksum INTEGER NOT NULL,
     body BLOB NOT NULL
   ) STRICT;
   CREATE INDEX dead_letters_by_owner ON dead_letters (owner, id);
   CREATE INDEX dead_letters_to_replay ON dead_letters (owner, id) WHERE replay = 1;`,
];

/**
 * Brings a file to the newest version, in one transaction: a failure leaves it as it was.
 * @throws Error in words for users when the file belongs to something else or to a newer version.
 */
export function migrate(database: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  // Two processes may open a file at once: the version counts only under the lock.
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = checkedVersion(database, migrations.length);
    for (const step of migrations.slice(version)) database.exec(step);
    if (version < migrations.length) database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

/** The version of a file, which is one that this code knows or can migrate. */
export function checkedVersion(database: DatabaseSync, newest: number = MIGRATIONS.length): number {
  const version = pragma(database, "user_version");
  const application = pragma(database, "application_id");
  const tables = Number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  if (application !== APPLICATION_ID && tables > 0) {
    throw new Error("state.db was not written by Tidemark: give file_storage a directory of its own");
  }
  if (version > newest) {
    throw new Error(
      `state.db has version ${version}, and this Tidemark knows versions up to ${newest}: run a newer Tidemark, or give file_storage another directory`,
    );
  }
  return version;
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
