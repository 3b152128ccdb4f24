"""Damages logs at random: bits, bytes, pages, values and rows."""

import contextlib
import random
import shutil
import sqlite3
from pathlib import Path

from searchparty.experiments.api import resume
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.experiments.spec.errors import SpecError
from searchparty.orchestrator.log.log import LogError
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.row_checks import COLUMNS
from searchparty.orchestrator.log.table_access import LogTables
from searchparty.orchestrator.log.tables import OPTIONAL_TABLES, create_tables
from searchparty.orchestrator.log.trace import trace

REFUSALS = (LogError, SpecError, ResultsError)
"""How readers refuse a log: in words."""


def flip_bit_of_file(path, rng):
    """Flip a bit where something is written: most of a small log is empty."""
    data = bytearray(path.read_bytes())
    data[rng.choice([at for at, byte in enumerate(data) if byte])] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def flip_bit_of_header(path, rng):
    data = bytearray(path.read_bytes())
    data[rng.randrange(130)] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def cut_file(path, rng):
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def swap_bytes(path, rng):
    data = bytearray(path.read_bytes())
    size = rng.choice((1, 8, 512, 32768))
    a, b = (rng.randrange(0, len(data) - size + 1, min(size, 32768)) for _ in range(2))
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]
    path.write_bytes(data)


def zero_bytes(path, rng):
    data = bytearray(path.read_bytes())
    size = rng.choice((1, 64, 4096))
    at = rng.randrange(len(data))
    data[at : at + size] = bytes(len(data[at : at + size]))
    path.write_bytes(data)


def _pick(db, rng):
    """Return a table, the condition that names one of its rows, the row, and a second row of the table."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    table = rng.choice([name for name in tables if db.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]])
    rows = db.execute(f"SELECT * FROM {table}").fetchall()
    keys = [name for _, name, *_, key in db.execute(f"PRAGMA table_info({table})") if key]
    names = [column[0] for column in db.execute(f"SELECT * FROM {table}").description]
    where = " AND ".join(f"{key} IS ?" for key in keys)
    return table, names, where, [names.index(key) for key in keys], rng.choice(rows), rng.choice(rows)


def change_value(path, rng):
    """Flip a bit of a value, or give it another type."""
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.suppress(sqlite3.IntegrityError):
        table, names, where, keys, row, _ = _pick(db, rng)
        column = rng.randrange(len(names))
        value = row[column]
        if isinstance(value, bytes | str) and value:
            raw = bytearray(value if isinstance(value, bytes) else value.encode())
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(7)
            changed = bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")
        else:
            changed = rng.choice([None, "text", -1, 10**18, 1.5, b"\0", 1e300, (value or 0) + 1, "[" * 100_000])
        db.execute(f"UPDATE {table} SET {names[column]} = ? WHERE {where}", (changed, *(row[key] for key in keys)))
        db.commit()


def swap_rows(path, rng):
    """Swap one column, or everything but the keys, between two rows."""
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.suppress(sqlite3.IntegrityError):
        table, names, where, keys, a, b = _pick(db, rng)
        free = [column for column in range(len(names)) if column not in keys]
        for column in rng.choice([free, [rng.choice(free)]]):
            for here, there in ((a, b), (b, a)):
                key = [here[each] for each in keys]
                db.execute(f"UPDATE {table} SET {names[column]} = ? WHERE {where}", (there[column], *key))
        db.commit()


def delete_row(path, rng):
    with contextlib.closing(sqlite3.connect(path)) as db:
        table, _, where, keys, row, _ = _pick(db, rng)
        db.execute(f"DELETE FROM {table} WHERE {where}", [row[key] for key in keys])
        db.commit()


DAMAGES = [
    flip_bit_of_file, flip_bit_of_header, cut_file, swap_bytes, zero_bytes, change_value, change_value, swap_rows,
    delete_row,
]  # fmt: skip


def read_trace(directory):
    with LogReader(directory) as reader:
        return list(trace(reader))


def read_report_data(directory):
    with LogReader(directory) as reader:
        assert reader.meta["environment"] is not None
        assert isinstance(reader.sessions, list)
    return read_runs(directory)


def is_cut_short(found, whole):
    """Return whether a trace is that of an interrupted run: of each run, it has the first lines."""
    runs, current = {}, []
    for line in whole:
        current = runs.setdefault(line, []) if line.startswith("run ") else current
        current.append(line)
    parts, part = {}, []
    for line in found:
        part = parts.setdefault(line, []) if line.startswith("run ") else part
        part.append(line)
    return all(lines == runs.get(run, [])[: len(lines)] for run, lines in parts.items())


def try_damage(whole, place: Path, seed, reference, exact=True):
    """Damage a copy of results, and read it in every way.

    Args:
        whole: The results.
        place: A directory for copies.
        seed: Decides the damage.
        reference: The trace of the results.
        exact: Whether every reader must refuse the copy, or find what was written. Else only an error that is none in
            words is one.

    Returns:
        What was done, and what each reader found: "refused", "equal", "short" (an interrupted run), or "other".
    """
    rng = random.Random(seed)
    damage = rng.choice(DAMAGES)
    damaged = place / "damaged"
    shutil.copytree(whole, damaged)
    damage(damaged / "log.sqlite", rng)
    found = {}
    for name, look in {
        "trace": read_trace,
        "report": read_report_data,
        "verify": verify_results,
        "resume": lambda directory: resume(directory, report=False),
        "salvage": None,
    }.items():
        copy = place / name
        shutil.copytree(damaged, copy)
        try:
            if look is None:
                _salvage(damaged, copy)
            else:
                look(copy)
            lines = read_trace(copy)
        except REFUSALS:
            found[name] = "refused"
        else:
            short = is_cut_short(lines, reference)
            found[name] = "equal" if lines == reference else "short" if short else "other"
    if exact:
        said = (seed, damage.__name__, found)
        assert found["trace"] in ("refused", "equal", "short"), said
        # What every reader of a whole log refuses, all do.
        assert found["trace"] != "refused" or found["verify"] == found["resume"] == "refused", said
        assert found["resume"] in ("refused", "equal"), said
        assert found["salvage"] in ("refused", "equal", "short"), said
    for copy in place.iterdir():
        shutil.rmtree(copy)
    return damage.__name__, found


def _salvage(damaged, copy):
    from searchparty.experiments.execution.results_directory import salvage_results

    shutil.rmtree(copy)
    salvage_results(damaged, copy)


def to_older_schema(directory, version):
    """Rewrite a log as an older version would have written it."""
    path, old = directory / "log.sqlite", directory / "old.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.closing(sqlite3.connect(old)) as to:
        create_tables(to, version)
        tables = LogTables(lambda sql, values: to.execute(sql, values).fetchall(), version, old)
        for table, columns in COLUMNS.items():
            if table in OPTIONAL_TABLES:
                continue
            if table == "sessions" and version == 1:
                to.execute("DROP TABLE sessions")
                continue
            for row in db.execute(f"SELECT {columns} FROM {table}").fetchall():
                tables.insert(table, *(row if row[0] != "schema_version" else (row[0], str(version))))
        to.commit()
    old.replace(path)
