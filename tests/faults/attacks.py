"""Attacks from within the sandbox, and harmless targets for them. Run by ``test_attacks.py`` in its own namespaces.

Each attack is a part of a stranger's agent. It is tried confined, where it must fail, and the targets are looked at
from this side. That it would succeed is shown with the same code unconfined, against the same targets, in these
namespaces.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from searchparty import AgentError, Lease, Region
from searchparty.agents.leases.proposal import price_proposal
from searchparty.agents.sandbox import ladder
from searchparty.agents.sandbox.confined_process import AGENT_ROLE
from searchparty.agents.sandbox.sandboxed_agent import SandboxedAgent
from searchparty.agents.sandbox.settings import Sandbox
from searchparty.agents.sandbox.their_code import read_code
from searchparty.agents.sandbox.their_process import describe_their_class
from searchparty.landscapes.classics_2d import Himmelblau
from searchparty.landscapes.landscape import Space

SECRET = "planted-secret-4711"
KILLED = "the process was killed"
HEAD = """\
import ctypes, errno, gc, json, mmap, os, resource, signal, socket, subprocess, sys, threading, time
from typing import Literal
import numpy as np
from searchparty import Agent, AgentError

libc = ctypes.CDLL(None, use_errno=True)


def call(*arguments):
    "Make a system call by its number, and return what it returns; an error as its name."
    found = libc.syscall(*[ctypes.c_long(each) if isinstance(each, int) else each for each in arguments])
    return f"!{errno.errorcode[ctypes.get_errno()]}" if found == -1 else found


def tries(*functions):
    "What functions return, or the names of what they raise, after an exclamation mark."
    found = []
    for function in functions:
        try:
            found.append(str(function()))
        except BaseException as error:
            found.append(f"!{type(error).__name__}")
    return found


class Their(Agent):
    kind: Literal["their"] = "their"

    def search(self, space, lease, rng):
        raise AgentError("replies " + json.dumps(self.attack()))
        yield

"""
SPACE, LEASE = Space(np.zeros(2), np.ones(2)), Lease(0, "a", 10, Region.whole(2), "first lease", fresh=True)


class Targets:
    """What is attacked: files, a process, sockets and a landscape, all of them harmless."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp())
        for place in (self.folder, "/dev/shm"):
            # What unconfined attacks write goes with these namespaces.
            subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
        self.secret, self.file, self.work = self.folder / "secret", self.folder / "file", self.folder / "work"
        self.work.mkdir()
        self.secret.write_text(SECRET)
        self.link = self.folder / "link"
        self.link.symlink_to(self.secret)
        # Left open, as a program may leave it that knows nothing of sandboxes.
        self.left_open = os.open(self.secret, os.O_RDONLY)
        os.set_inheritable(self.left_open, True)
        self.planted = self.folder / "bin"
        self.planted.mkdir()
        (self.planted / "ls").write_text(f"#!/bin/sh\ntouch {self.folder}/planted-ran\n")
        (self.planted / "ls").chmod(0o755)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.path, self.abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
        self.path.bind(str(self.folder / "socket"))
        self.abstract.bind("\0searchparty-attack")
        for each in (self.path, self.abstract):
            each.listen()
        for each in (self.tcp, self.udp, self.path, self.abstract):
            each.settimeout(0.02)
        self.landscape = Himmelblau()
        self.problem = self.landscape.open()
        self.victim = None
        # Before the process is started, which must not have more privileges than what attacks it.
        drop_privileges()
        self.reset()

    def reset(self):
        """Set up again what attacks may have changed."""
        for path in self.work.iterdir():
            path.unlink() if not path.is_dir() or path.is_symlink() else path.rmdir()
        self.file.write_text("untouched")
        self.file.chmod(0o640)
        (self.folder / "planted-ran").unlink(missing_ok=True)
        if self.victim is None or self.victim.poll() is not None:
            program = f"import sys, time; kept = b'{SECRET[::-1]}'[::-1]; print(id(kept), flush=True); time.sleep(1000)"
            self.victim = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
            self.address = int(self.victim.stdout.readline()) + 32

    def words(self):
        """What attacks may know of the targets."""
        return {
            "secret": str(self.secret), "file": str(self.file), "work": str(self.work), "link": str(self.link),
            "tcp": self.tcp.getsockname()[1], "udp": self.udp.getsockname()[1], "socket": str(self.folder / "socket"),
            "victim": self.victim.pid, "address": self.address, "host": os.getpid(), "open": self.left_open,
        }  # fmt: skip

    def find_damage(self, patience=0.0):
        """What has happened to the targets, in words, if the process has so many seconds to end of what was sent."""
        found = []
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.victim.wait(patience)
        if not self.file.exists() or self.file.read_text() != "untouched" or self.file.stat().st_mode & 0o777 != 0o640:
            found.append("the file was changed")
        if list(self.work.iterdir()) or (self.folder / "planted-ran").exists():
            found.append("something was written or run")
        if self.victim.poll() is not None:
            found.append(KILLED)
        for name in ("tcp", "path", "abstract"):
            if self._accepts(getattr(self, name)):
                found.append(f"{name} was reached")
        try:
            self.udp.recv(100)
            found.append("udp was reached")
        except TimeoutError:
            pass
        return found

    def _accepts(self, listener):
        try:
            listener.accept()[0].close()
        except TimeoutError:
            return False
        return True

    def close(self):
        self.victim.kill()
        self.victim.wait()
        os.close(self.left_open)


@dataclass(frozen=True)
class Attack:
    """An attack.

    Attributes:
        body: The body of the agent's method ``attack``; what it returns is the reply.
        wants: What the reply, or the damage, has where the attack succeeds, as a pattern; "" if that is not to be
            shown, since the machine itself would suffer, or since unconfined processes get no environment either.
        cause: What the reply must have where it fails, besides that it lacks ``wants``.
        limits: The sandbox's limits.
        raw: Whether ``body`` is the whole of ``search``.
    """

    body: str
    wants: str = ""
    cause: str = ""
    limits: tuple = ()
    raw: bool = False


NUMBERS = {
    "ptrace": 101, "shmget": 29, "msgget": 68, "semget": 64, "mount": 165, "umount2": 166, "pivot_root": 155,
    "chroot": 161, "unshare": 272, "setns": 308, "clone3": 435, "vfork": 58, "io_uring_setup": 425, "memfd_create": 319,
    "memfd_secret": 447, "userfaultfd": 323, "bpf": 321, "perf_event_open": 298, "keyctl": 250, "add_key": 248,
    "request_key": 249, "seccomp": 317, "landlock_create_ruleset": 444, "pidfd_open": 434, "pidfd_getfd": 438,
    "process_madvise": 440, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "prctl": 157, "setsid": 112,
    "fanotify_init": 300, "inotify_init1": 294, "name_to_handle_at": 303, "open_by_handle_at": 304, "splice": 275,
    "execve": 59, "execveat": 322, "init_module": 175, "kexec_load": 246, "personality": 135, "sched_setaffinity": 203,
    "timer_create": 222, "rt_sigqueueinfo": 129, "tgkill": 234, "tkill": 200, "kill": 62, "modify_ldt": 154,
    "fsopen": 430, "open_tree": 428, "move_mount": 429, "mount_setattr": 442, "quotactl": 179, "syslog": 103,
}  # fmt: skip
"""System calls of x86_64 that must be refused, tried with zeros for arguments."""
ATTACKS = {
    "read a secret": Attack("return tries(lambda: open(words['secret']).read())", SECRET),
    "read through a link": Attack("return tries(lambda: open(words['link']).read())", SECRET),
    "read by other calls": Attack(
        "return tries(lambda: os.pread(os.open(words['secret'], os.O_RDONLY | os.O_NOFOLLOW), 100, 0).decode(),"
        " lambda: bytes(mmap.mmap(os.open(words['secret'], os.O_RDONLY), 0, prot=mmap.PROT_READ)).decode())",
        SECRET,
    ),
    "list folders": Attack("return tries(lambda: os.listdir(os.path.dirname(words['secret'])))", "secret"),
    "read the host's process": Attack(
        "paths = [f'/proc/{pid}/{name}' for pid in (words['host'], os.getppid(), 1) for name in ('environ', 'maps')]\n"
        "found = tries(*[lambda path=path: open(path).read() for path in paths])\n"
        "return [each[each.find('PLANTED') :][:40] if 'PLANTED' in each else each[:20] for each in found]",
        "PLANTED=",
    ),
    "read the environment": Attack(
        "return tries(lambda: dict(os.environ), lambda: open('/proc/self/environ').read(),"
        " lambda: libc.getenv(b'PLANTED'))",
        cause="{}",
    ),
    "the processor time of a process": Attack(
        "return tries(lambda: time.clock_gettime((~words['victim'] << 3) | 2))", r'\["\d', '["!PermissionError"]'
    ),
    "names of users": Attack(
        "import pwd\n"
        "return tries(lambda: pwd.getpwuid(0), lambda: pwd.getpwnam('root'), lambda: os.path.expanduser('~'))",
        "pw_name",
        '["!KeyError", "!KeyError", "~"]',
    ),
    "write": Attack(
        "work = words['work']\n"
        "return tries(lambda: open(words['file'], 'w').write('x'), lambda: open(work + '/new', 'w').write('x'),"
        " lambda: os.mkdir(work + '/folder'), lambda: os.symlink('/etc', work + '/link'),"
        " lambda: os.mkfifo(work + '/fifo'), lambda: os.truncate(words['file'], 0), lambda: os.unlink(words['file']),"
        " lambda: os.rename(words['file'], work + '/moved'), lambda: open(work + '/.hidden', 'x'),"
        " lambda: open('/dev/shm/attack', 'w'), lambda: os.link(words['file'], work + '/hard'))",
        "the file was changed",
        "!",
    ),
    "change modes": Attack(
        "return tries(lambda: os.chmod(words['file'], 0o777), lambda: os.chown(words['file'], os.getuid(), -1),"
        " lambda: os.setxattr(words['file'], 'user.x', b'x'), lambda: os.utime(words['file']))",
        "the file was changed",
    ),
    "tcp": Attack("return tries(lambda: socket.create_connection(('127.0.0.1', words['tcp']), 1))", "tcp was reached"),
    "udp": Attack(
        "end = lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "return tries(lambda: end().sendto(b'x', ('127.0.0.1', words['udp'])))",
        "udp was reached",
    ),
    "unix socket of a path": Attack(
        "return tries(lambda: socket.socket(socket.AF_UNIX).connect(words['socket']))", "path was reached"
    ),
    "abstract unix socket": Attack(
        "return tries(lambda: socket.socket(socket.AF_UNIX).connect('\\0searchparty-attack'))", "abstract was reached"
    ),
    "other sockets": Attack(
        "return tries(lambda: socket.socketpair(), lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),"
        " lambda: socket.socket(socket.AF_INET6))",
        "<socket.socket",
    ),
    "fork": Attack("return tries(lambda: os.fork() or os.kill(os.getpid(), 9))", r'\["\d+"\]'),
    "fork bomb": Attack("return tries(*[os.fork] * 300)[-1:]", cause="!PermissionError"),
    "a process left behind": Attack(
        "def leave():\n    if os.fork() == 0:\n        open(words['work'] + '/left', 'w').close()\n"
        "        os.kill(os.getpid(), 9)\n    time.sleep(0.3)\nreturn tries(leave)",
        "something was written",
    ),
    "threads": Attack("return tries(lambda: threading.Thread(target=time.sleep, args=(0.1,)).start())", "None"),
    "thread bomb": Attack(
        "return tries(*[lambda: threading.Thread(target=time.sleep, args=(5,)).start()] * 300)[-1:]",
        cause="!RuntimeError",
    ),
    "memory by numpy": Attack("return tries(lambda: np.ones(10**9).sum())", cause="MemoryError"),
    "memory by a shared mapping": Attack(
        "return tries(lambda: len([mmap.mmap(-1, 50 << 20) for _ in range(40)]))",
        cause="!OSError",
    ),
    "memory by parts": Attack(
        "kept = []\ndef take():\n    while True:\n        kept.append(bytearray(1 << 20))\n"
        "found = tries(take)\nkept.clear()\nreturn found",
        cause="!MemoryError",
    ),
    "an endless loop": Attack(
        "while True:\n    pass", cause="it used more than 1 CPU seconds", limits=(("cpu_seconds", 1), ("seconds", 30))
    ),
    "an endless loop that ignores the signal": Attack(
        "found = tries(lambda: signal.signal(signal.SIGXCPU, signal.SIG_IGN),"
        " lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGXCPU]))\n"
        "while True:\n    pass",
        cause="it used more than 1 CPU seconds",
        limits=(("cpu_seconds", 1), ("seconds", 30)),
    ),
    "silence": Attack("time.sleep(100)", cause="sent nothing for 0.5 s", limits=(("seconds", 0.5),)),
    "endless output": Attack(
        "for _ in range(2000):\n    os.write(1, b'x' * 65536)\n    os.write(2, b'x' * 65536)\nreturn 'done'",
        cause="done",
    ),
    "a reply of 1 GB": Attack(
        "os.write(3, (4).to_bytes(4, 'little') + (2**27).to_bytes(4, 'little') + b'{}  ')\n"
        "while True:\n    os.write(3, bytes(65536))",
        cause="sent 134,217,728 numbers at once",
    ),
    "an endless header": Attack(
        "while True:\n    os.write(3, b'x' * 65536)", cause="sent a header of 2,021,161,080 bytes"
    ),
    "a pickle": Attack("import pickle\nos.write(3, pickle.dumps(dict))\nreturn 0", cause="its confined process sent"),
    "a reply byte by byte": Attack(
        "os.write(3, (4000).to_bytes(4, 'little') + bytes(4))\n"
        "for _ in range(100):\n    os.write(3, b'x')\n    time.sleep(0.05)\nreturn 0",
        cause="sent nothing for 0.5 s",
        limits=(("seconds", 0.5),),
    ),
    "json that is deep": Attack(
        "os.write(3, (4000).to_bytes(4, 'little') + bytes(4) + b'[' * 4000)\nreturn 0", cause="no JSON"
    ),
    "nan": Attack("yield np.full((1, 2), np.nan)", cause="proposed [nan, nan], outside the unit cube", raw=True),
    "a wrong shape": Attack("yield np.zeros((2, 3, 4))", cause="proposed shape (2, 3, 4)", raw=True),
    "a minimum that is none": Attack(
        'head = b\'{"op":"converged","loss":NaN,"length":0,"escape":true}\'\n'
        "os.write(3, len(head).to_bytes(4, 'little') + (3).to_bytes(4, 'little') + head + bytes(24))\nyield",
        cause="a minimum without a loss",
        raw=True,
    ),
    "a shape that lies": Attack(
        'head = b\'{"op":"points","kind":"","shape":[1000000,2]}\'\n'
        "os.write(3, len(head).to_bytes(4, 'little') + (2).to_bytes(4, 'little') + head + bytes(16))\nyield",
        cause="an array without a valid shape",
        raw=True,
    ),
    "text": Attack("yield 'text'", cause="proposed a str", raw=True),
    "a second frame": Attack(
        "yield np.zeros((1, 2))\nos.write(3, bytes(100))\nyield np.zeros((1, 2))", cause="points (1, 2)", raw=True
    ),
    "ptrace": Attack("return [call(101, 16, words['victim'], 0, 0)]", r"\[0\]", "!EPERM"),
    "signals": Attack(
        "return tries(lambda: os.kill(words['victim'], 9), lambda: os.kill(words['host'], 0),"
        " lambda: os.kill(os.getppid(), 0), lambda: signal.pthread_kill(threading.get_ident(), 0))",
        KILLED,
    ),
    "signals to all": Attack("return tries(lambda: os.kill(-1, 9), lambda: os.killpg(0, 9))", cause="!PermissionError"),
    "signals by fcntl": Attack(
        "import fcntl\nreturn tries(lambda: fcntl.fcntl(3, fcntl.F_SETOWN, words['victim']),"
        " lambda: fcntl.fcntl(3, 10, 9))",
        '"0"',
    ),
    "memory of a process": Attack(
        "found = ctypes.create_string_buffer(30)\n"
        "one = (ctypes.c_void_p * 2)(ctypes.addressof(found), 19)\ntwo = (ctypes.c_void_p * 2)(words['address'], 19)\n"
        "made = call(310, words['victim'], ctypes.byref(one), 1, ctypes.byref(two), 1, 0)\n"
        "def read():\n    with open(f\"/proc/{words['victim']}/mem\", 'rb') as file:\n"
        "        file.seek(words['address'])\n        return file.read(19)\n"
        "return [made, found.value.decode(), *tries(read)]",
        SECRET,
    ),
    "descriptors left open": Attack(
        "return [each for each in tries(*[lambda n=n: os.pread(n, 100, 0) for n in range(4, 60)]) if each[0] != '!']",
        cause="[]",
    ),
    "a core dump": Attack("os.chdir('/') if 0 else None\nos.abort()", cause="its confined process ended (signal"),
    "programs": Attack(
        "return tries(lambda: subprocess.run(['/bin/true']).returncode,"
        " lambda: os.posix_spawn('/bin/true', ['true'], {}), lambda: os.system('true') and 1 / 0)",
        r'\["0"',
        "!PermissionError",
    ),
    "a planted path": Attack(
        "return tries(lambda: subprocess.run(['ls']), lambda: [os.environ.get(n) for n in ('PATH', 'LD_PRELOAD')])",
        cause="[None, None]",
    ),
    "raise limits": Attack(
        "kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)\n"
        "most = [resource.getrlimit(kind)[1] for kind in kinds]\n"
        "return tries(*[lambda kind=kind, n=n: resource.setrlimit(kind, (n, n)) for kind, n in zip(kinds, most)],"
        " lambda: resource.prlimit(words['victim'], resource.RLIMIT_CPU, (1, 1)))",
        "None",
    ),
    "terminal input": Attack(
        "import fcntl\nreturn tries(lambda: fcntl.ioctl(0, 0x5412, b'x'), lambda: fcntl.ioctl(3, 0x8901, b'x' * 4))",
        cause='["!PermissionError", "!PermissionError"]',
    ),
    "namespaces": Attack(
        "return [call(272, 0x10000000), call(272, 0x20000), call(308, 3, 0), call(165, 0, 0, 0, 0, 0)]",
        r"\[0, 0",
        "!EPERM",
    ),
    "anonymous files": Attack("return [call(319, ctypes.c_char_p(b'x'), 0)]", r"\[\d+\]", "!EPERM"),
    "other calls": Attack(
        f"return [name for name, number in {NUMBERS!r}.items() if call(number, 0, 0, 0, 0, 0)"
        " not in ('!EPERM',) + (('!ENOSYS',) if name == 'clone3' else ())]",
        cause="[]",
    ),
    "the second interface of x86": Attack(
        "return [call(0x40000000 + 39)]", cause="its confined process ended (signal SIGSYS)"
    ),
    "executable memory": Attack(
        # push 41; pop rax; syscall; ret: a socket, made without the C library.
        "code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "code.write(bytes([0x6A, 41, 0x58, 0x0F, 0x05, 0xC3]))\n"
        "place = ctypes.addressof(ctypes.c_char.from_buffer(code))\n"
        "made = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)(place)(1, 1, 0)\n"
        "return ['made' if made >= 0 else '!']",
        "made",
        "!",
    ),
    "32-bit calls": Attack(
        # mov eax, 20; int 0x80; ret: getpid by the interface of 32 bits.
        "code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "code.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))\n"
        "place = ctypes.addressof(ctypes.c_char.from_buffer(code))\n"
        "return [ctypes.CFUNCTYPE(ctypes.c_long)(place)()]",
        cause="its confined process ended (signal SIG",
    ),
    "the minimum in memory": Attack(
        "names = [type(each).__name__ for each in gc.get_objects()]\n"
        "frame, held = sys._getframe(), []\n"
        "while frame:\n    held += list(frame.f_locals)\n    frame = frame.f_back\n"
        "return [names.count('Himmelblau') + names.count('AnalyticProblem'), 'landscape' in held, 'targets' in held]",
        cause="[0, false, false]",
    ),
}


def attack_with(attack, targets, number):
    """Try an attack on the present rung, and return the reply, or the cause with which the agent failed."""
    method = "search(self, space, lease, rng)" if attack.raw else "attack(self)"
    lines = "\n".join(f"        {line}" for line in attack.body.splitlines())
    text = f"words = {targets.words()!r}\n{HEAD}    def {method}:\n{lines}\n"
    (targets.folder / f"their{number}.py").write_text(text)
    code, limits = read_code(f"their{number}.py:Their", str(targets.folder)), Sandbox(**dict(attack.limits))
    openly = ladder.find_rung()[0] == ladder.OPEN
    try:
        said = describe_their_class(AGENT_ROLE, code, limits, openly, {})
        agent = SandboxedAgent.of_description(code, {}, said, limits, openly)
        search = agent.search(SPACE, LEASE, np.random.Generator(np.random.Philox(0)))
        return f"points {price_proposal(next(search), SPACE, 1, False).points.shape}"
    except AgentError as error:
        return str(error)


def judge(name, attack, targets, number):
    """Return what is wrong: an attack that was not stopped, or one that would not succeed anyway."""
    wrong = []
    for rung in (RUNG, ladder.OPEN) if attack.wants else (RUNG,):
        ladder.use_rung(rung)
        targets.reset()
        reply = attack_with(attack, targets, number)
        # A busy machine takes a while to end a process that was sent a signal.
        damage = targets.find_damage(0.0 if attack.wants != KILLED else 10.0 if rung == ladder.OPEN else 0.2)
        told = f"{name}, {rung}: {reply:.300} {damage}"
        sys.stderr.write(f"{told}\n")
        succeeded = bool(attack.wants) and re.search(attack.wants, f"{reply} {damage}") is not None
        if rung == ladder.OPEN:
            wrong += [] if succeeded else [f"does not bite: {told}"]
        elif succeeded or damage or attack.cause not in reply or SECRET in reply:
            wrong.append(f"not stopped: {told}")
    return wrong


def raise_loopback():
    """Raise the loopback interface of this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        fcntl.ioctl(end, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))


def drop_privileges():
    """Drop what this process may do in its namespaces, unless it is root there."""
    libc = ctypes.CDLL(None)
    libc.prctl(47, 4, 0, 0, 0)
    if os.getuid():
        libc.syscall(126, struct.pack("=Ii", 0x20080522, 0), bytes(24))


def main():
    global RUNG
    RUNG, outer, names = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
    for name, link in outer.items():
        # Never in the namespaces of the machine.
        assert os.readlink(f"/proc/self/ns/{name}") != link, name
    raise_loopback()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    targets, wrong = Targets(), []
    os.environ |= {"PATH": f"{targets.planted}:{os.environ['PATH']}", "LD_PRELOAD": f"{targets.planted}/none.so"}
    try:
        for number, name in enumerate(names or ATTACKS):
            wrong += judge(name, ATTACKS[name], targets, number)
        ladder.use_rung(None)
    finally:
        targets.close()
    sys.stdout.write(json.dumps(wrong))


if __name__ == "__main__":
    main()
