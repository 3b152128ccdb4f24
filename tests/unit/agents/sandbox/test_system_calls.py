"""The filter of system calls, as a program: what the kernel would decide for each number and argument."""

import errno
import re
import struct
from pathlib import Path

import pytest

from searchparty.agents.sandbox.system_calls import (
    ALLOW,
    ANYWHERE,
    ARCHITECTURES,
    CLONE3,
    CONDITIONS,
    ERRNO,
    KILL_PROCESS,
    X32_BIT,
    X86_ONLY,
    list_allowed,
    make_filter,
    pack_filter,
)

X86, ARM = ARCHITECTURES["x86_64"], ARCHITECTURES["aarch64"]
REFUSED = ERRNO | errno.EPERM
HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}
DANGEROUS = {
    "socket": (41, 198), "connect": (42, 203), "sendto": (44, 206), "sendmsg": (46, 211), "recvmsg": (47, 212),
    "bind": (49, 200), "socketpair": (53, 199), "clone": (56, 220), "execve": (59, 221), "wait4": (61, 260),
    "kill": (62, 129), "ftruncate": (77, 46), "fchmod": (91, 52), "fchown": (93, 55), "ptrace": (101, 117),
    "setuid": (105, 146), "setrlimit": (160, 164), "mount": (165, 40), "tkill": (200, 130), "setxattr": (188, 5),
    "tgkill": (234, 131), "mkdirat": (258, 34), "unlinkat": (263, 35), "renameat": (264, 38), "linkat": (265, 37),
    "symlinkat": (266, 36), "fchmodat": (268, 53), "unshare": (272, 97), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "setns": (308, 268), "seccomp": (317, 277), "memfd_create": (319, 279),
    "bpf": (321, 280), "execveat": (322, 281), "userfaultfd": (323, 282), "perf_event_open": (298, 241),
    "keyctl": (250, 219), "add_key": (248, 217), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "prctl": (157, 167), "setsid": (112, 157), "setpgid": (109, 154), "rt_sigqueueinfo": (129, 138),
    "rt_sigreturn": (15, 139),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "inotify_init1": (294, 26), "pivot_root": (155, 41),
    "chroot": (161, 51), "init_module": (175, 105), "kexec_load": (246, 104), "reboot": (169, 142),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "open_tree": (428, 428),
    "landlock_create_ruleset": (444, 444), "memfd_secret": (447, 447), "clone2_of_tomorrow": (900, 900),
}  # fmt: skip
"""By name, what must be refused with any arguments."""


def decide(architecture, number, arguments=(), audit=None):
    """Run a filter as the kernel does, on the data of one call, and return its verdict."""
    audit = architecture.audit if audit is None else audit
    data = struct.pack("=IIQ6Q", number, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    program, place, word = make_filter(architecture), 0, 0
    while True:
        code, holds, fails, operand = program[place]
        place += 1
        if code == 0x20:
            (word,) = struct.unpack_from("=I", data, operand)
        elif code == 0x15:
            place += holds if word == operand else fails
        elif code == 0x35:
            place += holds if word >= operand else fails
        else:
            assert code == 0x06
            return operand


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=lambda each: each.name)
class TestFilter:
    def test_the_listed_calls_are_allowed_and_no_others(self, architecture):
        allowed = set(list_allowed(architecture).values())
        by_argument = {each[0].call[architecture.column] for each in CONDITIONS.values()}
        for number in range(700):
            expected = ALLOW if number in allowed else ERRNO | errno.ENOSYS if number == CLONE3 else REFUSED
            if number not in by_argument:
                assert decide(architecture, number, (1, 2, 3)) == expected

    def test_what_is_dangerous_is_refused(self, architecture):
        for name, numbers in DANGEROUS.items():
            assert decide(architecture, numbers[architecture.column], (1, 2, 3)) == REFUSED, name

    def test_another_processor_is_killed(self, architecture):
        assert decide(architecture, 0, audit=0x40000003) == KILL_PROCESS

    def test_arguments_decide_where_they_must(self, architecture):
        names = ("fcntl", "ioctl", "prlimit64")
        fcntl, ioctl, prlimit = (CONDITIONS[name][0].call[architecture.column] for name in names)
        assert decide(architecture, fcntl, (3, 1)) == decide(architecture, fcntl, (3, 1030, 5)) == ALLOW
        # F_SETOWN, F_SETSIG, F_SETLEASE, F_NOTIFY, F_ADD_SEALS
        assert {decide(architecture, fcntl, (3, code)) for code in (8, 10, 1024, 1026, 1033)} == {REFUSED}
        # The kernel looks at 32 bits of the command only.
        assert decide(architecture, fcntl, (3, 8 + (1 << 32))) == REFUSED
        assert decide(architecture, ioctl, (0, 0x5401)) == ALLOW
        # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP
        assert {decide(architecture, ioctl, (0, code)) for code in (0x5412, 0x541C, 0x8901, 0x8902)} == {REFUSED}
        assert decide(architecture, ioctl, (0, 0x5412 + (1 << 32))) == REFUSED
        assert decide(architecture, prlimit, (0, 7, 0, 1 << 40)) == ALLOW
        # New limits, at an address whose low or high half is zero too; and the limits of others.
        assert {decide(architecture, prlimit, (0, 7, place, 0)) for place in (1, 1 << 32, 1 << 47)} == {REFUSED}
        assert decide(architecture, prlimit, (1, 7, 0, 1 << 40)) == REFUSED
        clock = CONDITIONS["clock_gettime"][0].call[architecture.column]
        assert {decide(architecture, clock, (number, 1 << 40)) for number in range(12)} == {ALLOW}
        # The processor time of process 1.
        assert decide(architecture, clock, ((~1 << 3 | 2) & 0xFFFFFFFF, 1 << 40)) == REFUSED

    def test_the_program_fits_into_the_kernel(self, architecture):
        program = make_filter(architecture)
        assert len(program) < 4096
        assert len(pack_filter(program)) == 8 * len(program)
        for place, (_, holds, fails, _) in enumerate(program, 1):
            assert max(holds, fails) < min(256, len(program) - place) or not (holds or fails)

    def test_numbers_are_those_of_the_headers(self, architecture):
        header = Path(HEADERS[architecture.name])
        if not header.exists():
            pytest.skip(f"{header} is not installed")
        known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", header.read_text()))
        # The generic header names the same call of 64 bits otherwise.
        aliases = {"newfstatat": "fstatat", "getrlimit": "getrlimit"}
        numbers = {name: numbers[architecture.column] for name, numbers in {**ANYWHERE, **DANGEROUS}.items()}
        numbers |= {name: each[0].call[architecture.column] for name, each in CONDITIONS.items()}
        numbers |= X86_ONLY if architecture.name == "x86_64" else {}
        for name, number in numbers.items():
            if name != "clone2_of_tomorrow":
                found = known.get(name) or known.get(aliases.get(name, ""))
                assert found is None or int(found) == number, name
                assert found is not None or name in ("mmap", "fcntl", "fstat", "lseek"), name


def test_the_second_interface_of_x86_is_killed():
    assert decide(X86, X32_BIT) == decide(X86, X32_BIT | 1) == decide(X86, 0xFFFFFFFF) == KILL_PROCESS
    assert decide(ARM, X32_BIT) == REFUSED
