import type { DatabaseSync } from 'node:sqlite'

const version = 2

/** `change` numbers re-homings and closings in their order, 0 for first placements; `origin` is who wrote it. */
const tables = `
  CREATE TABLE IF NOT EXISTS limpet_pins (
    key TEXT PRIMARY KEY, service TEXT, replica TEXT, epoch INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL, change INTEGER NOT NULL, origin TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS limpet_pins_by_expiry ON limpet_pins (expires_at_ms);
  CREATE INDEX IF NOT EXISTS limpet_pins_by_change ON limpet_pins (change) WHERE change > 0;
  CREATE TABLE IF NOT EXISTS limpet_changes (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL);
  INSERT OR IGNORE INTO limpet_changes VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS limpet_notes (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, owner TEXT NOT NULL, text TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS limpet_notes_by_expiry ON limpet_notes (expires_at_ms);
  PRAGMA user_version = ${version};
`

/** Makes the file's tables, or those that an older file lacks. Throws for a file of a newer version of them. */
export function prepareTables(database: DatabaseSync): void {
  // Readers are never kept waiting, and a process that is killed loses nothing that was committed.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (found === version) return
  if (found > version)
    throw new Error(`the file has tables of version ${found}, and this limpet knows ${version}`)
  database.exec(`BEGIN IMMEDIATE; ${tables} COMMIT`)
}

/** The statements of a store. Throws where the tables are not as they should be. */
export function prepareStatements(database: DatabaseSync) {
  const columns = 'key, service, replica, epoch, expires_at_ms, deadline_ms'
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    read: database.prepare(`SELECT ${columns} FROM limpet_pins WHERE key = ?`),
    put: database.prepare(`INSERT OR REPLACE INTO limpet_pins VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    extend: database.prepare('UPDATE limpet_pins SET expires_at_ms = ? WHERE key = ?'),
    remove: database.prepare('DELETE FROM limpet_pins WHERE key = ?'),
    nextChange: database.prepare('UPDATE limpet_changes SET last = last + 1 WHERE id = 1 RETURNING last'),
    lastChange: database.prepare('SELECT last FROM limpet_changes WHERE id = 1'),
    changes: database.prepare(
      `SELECT ${columns}, change FROM limpet_pins WHERE change > ? AND origin <> ? ORDER BY change LIMIT 1000`,
    ),
    readNote: database.prepare('SELECT text FROM limpet_notes WHERE key = ? AND expires_at_ms > ?'),
    putNote: database.prepare(
      `INSERT INTO limpet_notes VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
       SET version = excluded.version, owner = excluded.owner, text = excluded.text,
         expires_at_ms = excluded.expires_at_ms
       WHERE excluded.version > limpet_notes.version OR limpet_notes.expires_at_ms <= ?
         OR (excluded.version = limpet_notes.version AND excluded.owner = limpet_notes.owner)`,
    ),
    removeNote: database.prepare('DELETE FROM limpet_notes WHERE key = ?'),
    pruneNotes: database.prepare(
      'DELETE FROM limpet_notes WHERE key IN (SELECT key FROM limpet_notes WHERE expires_at_ms <= ? LIMIT 1000)',
    ),
    anyNoteExpired: database.prepare('SELECT 1 FROM limpet_notes WHERE expires_at_ms <= ? LIMIT 1'),
    /** Grows when another connection has committed, and costs next to nothing to ask. */
    dataVersion: database.prepare('PRAGMA data_version'),
    anyExpired: database.prepare('SELECT 1 FROM limpet_pins WHERE expires_at_ms <= ? LIMIT 1'),
    prune: database.prepare(
      'DELETE FROM limpet_pins WHERE key IN (SELECT key FROM limpet_pins WHERE expires_at_ms <= ? LIMIT 1000)',
    ),
  }
}
