"""Takes everything from this process but its memory, its time, and one channel: the first rung of the sandbox.

A process does this to itself once it has imported what it needs, before it reads a word of what a stranger wrote. There
is no way back: each step outlives all that the process may do.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator

from .system_calls import Architecture, find_architecture, make_filter, pack_filter

CHANNEL = 3
"""The descriptor that remains, besides the three standard ones, which lead nowhere."""
MOST_OPEN_FILES = 32
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION, MOST_CAPABILITIES = 0x20080522, 64
CAPSET_NUMBERS = (126, 91)
"""The number of the system call ``capset``, on x86_64 and on aarch64."""
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The numbers of Landlock's system calls, on all processors."""
LANDLOCK_VERSION, PATH_BENEATH = 1, 1
READ_FILE, READ_FOLDER = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""From which version of Landlock on it knows how many rights of files, all of which are taken."""
NETWORK_RIGHTS, SCOPES = 0b11, 0b11
"""TCP: to bind and to connect (from version 4). Abstract Unix sockets and signals (from version 6)."""
SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
NAME_DATABASES = (b"passwd", b"group", b"shadow", b"initgroups", b"hosts", b"networks", b"services", b"protocols")
"""What the C library asks its plugins for: users, groups, hosts and so on."""


class RestrictionError(Exception):
    """A step of the confinement is impossible here; the message names the call that failed, and why."""


def restrict_process(parent: int, memory: int, seconds: int, readable: Iterable[str]) -> None:
    """Confine this process. It must have one thread, and its channel must be descriptor ``CHANNEL``.

    Args:
        parent: The id of its parent, with which it ends.
        memory: The bytes that it may use beyond what it has.
        seconds: The processor time that it may use beyond what it has; the parent raises this for each lease.
        readable: The files and folders that it may read.

    Raises:
        RestrictionError: A step is impossible. The process must end then.
    """
    architecture = check_platform()
    libc = ctypes.CDLL(None, use_errno=True)
    _close_descriptors()
    _look_up_names_in_files(libc)
    _limit_resources(memory, seconds)
    _call(libc, "prctl(PR_SET_PDEATHSIG)", libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise RestrictionError("getppid: the parent has ended")
    _call(libc, "prctl(PR_SET_DUMPABLE)", libc.prctl, PR_SET_DUMPABLE, 0)
    _drop_capabilities(libc, architecture)
    _call(libc, "prctl(PR_SET_NO_NEW_PRIVS)", libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _restrict_files(libc, readable)
    _filter_system_calls(libc, architecture)


def limit_openly(parent: int, memory: int, seconds: int) -> None:
    """Limit this process without confining it: for ``--allow-unsandboxed``, where no rung starts.

    Args:
        parent: The id of its parent.
        memory: The bytes that it may use beyond what it has.
        seconds: The processor time that it may use beyond what it has.
    """
    _close_descriptors()
    if sys.platform == "linux":
        _limit_resources(memory, seconds)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise RestrictionError("getppid: the parent has ended")


def check_platform() -> Architecture:
    """Return the kind of processor. Raises RestrictionError where there is no sandbox."""
    if sys.platform != "linux":
        name = "macOS" if sys.platform == "darwin" else sys.platform
        raise RestrictionError(f"the sandbox needs Linux, and this is {name}")
    found = find_architecture(os.uname().machine)
    if found is None:
        raise RestrictionError(f"seccomp: there is no table of system calls for {os.uname().machine}")
    return found


def list_readable() -> list[str]:
    """Return what a confined process may read: the interpreter, installed packages, and this package."""
    paths = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [place for place in sys.path if {"site-packages", "dist-packages"}.intersection(place.split(os.sep))]
    paths += [os.path.dirname(os.path.dirname(sys.modules[name].__file__ or "")) for name in ("numpy", "pydantic")]
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths += [os.path.join(package, name) for name in ("__init__.py", "landscapes", "agents", "orchestrator")]
    paths += [os.path.join(package, "experiments"), *SHARED_LIBRARIES, *DEVICES]
    return list(dict.fromkeys(path for path in paths if path and os.path.exists(path)))


def _close_descriptors() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.closerange(CHANNEL + 1, 1 << 20)


def _look_up_names_in_files(libc: ctypes.CDLL) -> None:
    """Have names of users and hosts looked up in files only, which are out of reach: that is an error in Python.

    A plugin of the C library may abort where a call is refused, and many modules look for the user's home folder.
    """
    if hasattr(libc, "__nss_configure_lookup"):
        for database in NAME_DATABASES:
            libc.__nss_configure_lookup(database, b"files")


def _limit_resources(memory: int, seconds: int) -> None:
    with open("/proc/self/statm") as file:
        pages = [int(word) for word in file.read().split()]
    size, data = (pages[place] * resource.getpagesize() for place in (0, 5))
    # Shared mappings count as address space, but not as data.
    limits = {
        resource.RLIMIT_AS: size + memory,
        resource.RLIMIT_DATA: data + memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_NOFILE: MOST_OPEN_FILES,
    }
    try:
        for kind, most in limits.items():
            resource.setrlimit(kind, (most, most))
        # Only the first: a parent without privileges could not raise the second. The signal cannot be caught, as the
        # filter refuses handlers and masks, and the process cannot raise its own limit.
        used = sum(os.times()[:2])
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 1 + seconds, resource.RLIM_INFINITY))
    except (ValueError, OSError) as error:
        raise RestrictionError(f"setrlimit: {error}") from None


def _drop_capabilities(libc: ctypes.CDLL, architecture: Architecture) -> None:
    for number in range(MOST_CAPABILITIES):
        # Only a process that has CAP_SETPCAP can; no other has anything to drop from.
        libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION, 0))
    nothing = ctypes.create_string_buffer(24)
    _call(libc, "capset", libc.syscall, CAPSET_NUMBERS[architecture.column], header, nothing)


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[str]) -> None:
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        raise RestrictionError(f"landlock_create_ruleset: {os.strerror(ctypes.get_errno())}")
    rights = (1 << FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= version)]) - 1
    words = [rights, *([NETWORK_RIGHTS] if version >= 4 else []), *([SCOPES] if version >= 6 else [])]
    rules = ctypes.create_string_buffer(struct.pack(f"={len(words)}Q", *words), 8 * len(words))
    ruleset = _call(
        libc, "landlock_create_ruleset", libc.syscall, CREATE_RULESET, rules, ctypes.c_size_t(8 * len(words)), 0
    )
    for path, allowed in _open_readable(readable):
        rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, path), 12)
        _call(libc, "landlock_add_rule", libc.syscall, ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
        os.close(path)
    _call(libc, "landlock_restrict_self", libc.syscall, RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _open_readable(readable: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield a descriptor of each path, and what may be done there."""
    for path in readable:
        try:
            yield os.open(path, os.O_PATH | os.O_CLOEXEC), READ_FILE | (READ_FOLDER if os.path.isdir(path) else 0)
        except OSError:
            # It need not exist in the namespaces of the second rung.
            continue


def _filter_system_calls(libc: ctypes.CDLL, architecture: Architecture) -> None:
    program = make_filter(architecture)
    instructions = ctypes.create_string_buffer(pack_filter(program))
    # struct sock_fprog: a number of instructions, padding, and a pointer to them.
    described = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(instructions)))
    _call(libc, "prctl(PR_SET_SECCOMP)", libc.prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described, 0, 0)


def _call(libc: ctypes.CDLL, name: str, function: object, *arguments: object) -> int:
    """Make a system call. Raises RestrictionError, which names it, if it fails."""
    found: int = function(*arguments)  # type: ignore[operator]
    if found < 0:
        raise RestrictionError(f"{name}: {os.strerror(ctypes.get_errno())}")
    return found
