"""The system calls that a confined process may make, as a program that the kernel runs before each (seccomp)."""

from __future__ import annotations

import errno
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
"""What the kernel does: it carries the call out, kills the process, or returns an error (its number is added)."""
X32_BIT = 0x40000000
"""Set in the numbers of calls of x86_64's second interface, by which a table of numbers could be passed by."""
CLONE3 = 435
"""Refused as if the kernel did not know it, so that the C library makes threads by ``clone``, which is refused."""

ANYWHERE = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62), "mmap": (9, 222),
    "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214), "pread64": (17, 67),
    "readv": (19, 65), "writev": (20, 66), "sched_yield": (24, 124), "mremap": (25, 216), "madvise": (28, 233),
    "dup": (32, 23), "nanosleep": (35, 101), "getpid": (39, 172), "exit": (60, 93), "uname": (63, 160),
    "getcwd": (79, 17), "gettimeofday": (96, 169), "getrlimit": (97, 163), "getrusage": (98, 165),
    "sysinfo": (99, 179), "times": (100, 153), "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175),
    "getegid": (108, 177), "getppid": (110, 173), "getresuid": (118, 148), "getresgid": (120, 150),
    "sigaltstack": (131, 132), "gettid": (186, 178), "futex": (202, 98), "sched_getaffinity": (204, 123),
    "getdents64": (217, 61), "restart_syscall": (219, 128), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "exit_group": (231, 94), "openat": (257, 56), "newfstatat": (262, 79),
    "readlinkat": (267, 78), "faccessat": (269, 48), "pselect6": (270, 72), "ppoll": (271, 73), "getcpu": (309, 168),
    "getrandom": (318, 278), "membarrier": (324, 283), "statx": (332, 291), "rseq": (334, 293),
    "faccessat2": (439, 439),
}  # fmt: skip
"""The number of each call that may be made with any arguments, on x86_64 and on aarch64. Everything else is refused:
sockets, processes and threads, programs, signals, other processes, writing to files, mounts, namespaces, keys, rings,
limits, and whatever a later kernel may add. Not even ``rt_sigreturn`` may be made, which would set a mask of signals
from memory, and so keep the signal of the processor time's limit away."""
X86_ONLY = {"open": 2, "stat": 4, "lstat": 6, "poll": 7, "access": 21, "select": 23, "readlink": 89, "time": 201}
"""Older calls that only x86_64 has."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A call that may be made with certain values of one argument only.

    Attributes:
        call: Its numbers, on x86_64 and on aarch64.
        argument: Which argument, from 0.
        values: What it may be, of 32 bits.
        width: How many bits of it the kernel looks at, 32 or 64.
    """

    call: tuple[int, int]
    argument: int
    values: tuple[int, ...]
    width: int = 32


CONDITIONS = {
    # Not F_SETOWN and F_SETSIG, by which a process has signals sent to others.
    "fcntl": (Condition((72, 25), 1, (0, 1, 2, 3, 1030)),),
    # Whether a descriptor is a terminal, its size, and closing on exec. Not TIOCSTI, which types into a terminal.
    "ioctl": (Condition((16, 29), 1, (0x5401, 0x5413, 0x5450, 0x5451)),),
    # The clocks of this process and of the machine. Negative ones tell the processor time of any process.
    "clock_gettime": (Condition((228, 113), 0, tuple(range(12))),),
    # Limits may be read, not set.
    "prlimit64": (Condition((302, 261), 0, (0,)), Condition((302, 261), 2, (0,), 64)),
}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A kind of processor.

    Attributes:
        name: Its name, as ``os.uname`` gives it.
        audit: The number by which the kernel names it.
        column: Its place in the tables of calls.
    """

    name: str
    audit: int
    column: int


ARCHITECTURES = {
    each.name: each for each in (Architecture("x86_64", 0xC000003E, 0), Architecture("aarch64", 0xC00000B7, 1))
}
"""The processors for which there is a table of system calls."""
LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the kernel's filter programs: load a word, compare it, end."""
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Where the kernel puts the number of a call, the kind of processor, and the arguments, in bytes."""
Instruction = tuple[int, int, int, int]
"""(operation, instructions to skip if a comparison holds, those to skip if it does not, operand)."""


def list_allowed(architecture: Architecture) -> dict[str, int]:
    """Return the number of each call that may be made with any arguments, by name."""
    found = {name: numbers[architecture.column] for name, numbers in ANYWHERE.items()}
    return found | (X86_ONLY if architecture.name == "x86_64" else {})


def make_filter(architecture: Architecture) -> list[Instruction]:
    """Return the filter program for a kind of processor."""
    program: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, architecture.audit),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
    ]
    if architecture.name == "x86_64":
        program += [(JUMP_GREATER_EQUAL, 0, 1, X32_BIT), (RETURN, 0, 0, KILL_PROCESS)]
    for number in list_allowed(architecture).values():
        program += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    program += [(JUMP_EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    for conditions in CONDITIONS.values():
        program += _check_arguments(conditions, architecture)
    return [*program, (RETURN, 0, 0, ERRNO | errno.EPERM)]


def _check_arguments(conditions: Iterable[Condition], architecture: Architecture) -> list[Instruction]:
    """Return the instructions that allow one call if all conditions hold, and refuse it if one does not."""
    checks: list[Instruction] = []
    number = 0
    for condition in conditions:
        number = condition.call[architecture.column]
        for word, values in _split_words(condition):
            checks.append((LOAD, 0, 0, word))
            for place, value in enumerate(values):
                # Behind the values stands the refusal.
                checks.append((JUMP_EQUAL, len(values) - place, 0, value))
            checks.append((RETURN, 0, 0, ERRNO | errno.EPERM))
    return [(JUMP_EQUAL, 0, len(checks) + 1, number), *checks, (RETURN, 0, 0, ALLOW)]


def _split_words(condition: Condition) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield where the words of an argument are, and what they may be; both processors have the low word first."""
    place = ARGUMENTS + 8 * condition.argument
    yield place, condition.values
    if condition.width == 64:
        yield place + 4, (0,)


def pack_filter(program: Iterable[Instruction]) -> bytes:
    """Return a program as the kernel takes it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def find_architecture(machine: str) -> Architecture | None:
    """Return the kind of processor of this name; None if there is no table for it, or if it is not used whole."""
    return ARCHITECTURES.get(machine) if sys.maxsize > 2**32 else None
