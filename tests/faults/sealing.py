"""Changes logs as only their writer could: with checksums that match."""

import contextlib
import json
import sqlite3

from searchparty.orchestrator.log.row_checks import compute_checksum
from searchparty.orchestrator.run_spec import digest


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


def rename_runs(db):
    """Give the runs of an open log the ids of their settings, everywhere, as a forger would who has changed these."""
    known = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for old, text in db.execute("SELECT id, settings FROM runs").fetchall():
        settings = json.loads(text)
        new = digest(settings)[:12]
        if new != old:
            db.execute("UPDATE runs SET id = ? WHERE id = ?", (new, old))
            for table in known & {"events", "points", "timings"}:
                db.execute(f"UPDATE {table} SET run = ? WHERE run = ?", (new, old))
            started = json.dumps({"run": new, "settings": settings})
            db.execute("UPDATE events SET body = ? WHERE run = ? AND seq = 0", (started, new))


def alter_log(directory, *statements, sealed=True, forged=False):
    """Change a log by SQL statements, each alone or with its values, and seal it unless it is to be damaged.

    With ``forged``, runs whose settings have changed get the ids that belong to these.
    """
    with contextlib.closing(sqlite3.connect(directory / "log.sqlite")) as db:
        for statement in statements:
            db.execute(*((statement,) if isinstance(statement, str) else statement))
        if forged:
            rename_runs(db)
        if sealed:
            seal_log(db)
        db.commit()
