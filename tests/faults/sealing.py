"""Changes logs as only their writer could: with checksums that match."""

import contextlib
import sqlite3

from searchparty.orchestrator.log.checksums import compute_checksum


def seal_log(db):
    """Set the checksums of all rows of a log that is open, as its writer would; a log without checksums stays as it
    is."""
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        cursor = db.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        if names[-1] != "checksum":
            continue
        keys = [name for _, name, *_, key in db.execute(f"PRAGMA table_info({table})") if key]
        where = " AND ".join(f"{key} = ?" for key in keys)
        for row in cursor.fetchall():
            key = [row[names.index(name)] for name in keys]
            sealed = compute_checksum(table, row[:-1])
            if sealed != row[-1]:
                db.execute(f"UPDATE {table} SET checksum = ? WHERE {where}", (sealed, *key))


def alter_log(directory, *statements, sealed=True):
    """Change a log by SQL statements, each alone or with its values, and seal it unless it is to be damaged."""
    with contextlib.closing(sqlite3.connect(directory / "log.sqlite")) as db:
        for statement in statements:
            db.execute(*((statement,) if isinstance(statement, str) else statement))
        if sealed:
            seal_log(db)
        db.commit()
