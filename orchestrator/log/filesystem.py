"""Finds the file system that a directory is on, and whether other machines may write there too."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MOUNT_LIST = Path("/proc/self/mountinfo")
"""Linux's list of mounts. Where it does not exist, every file system is taken to be local."""

NETWORK_TYPES = re.compile(
    "nfs4?|cifs|smb3|smbfs|9p|virtiofs|vboxsf|vmhgfs|prl_fs|ncpfs|afs|auristorfs|coda|lustre|gpfs|beegfs|ceph|glusterfs"
    "|orangefs|pvfs2|panfs|wekafs|gfs2|ocfs2|acfs|fuse[.](sshfs|glusterfs|ceph|ceph-fuse|s3fs|rclone|gcsfuse|goofys"
    "|juicefs|mfs|moosefs|davfs|curlftpfs|cvmfs2|afs|hdfs|blobfuse2?|mount-s3|vmhgfs-fuse|grpcfuse|osxfs|xtreemfs)"
)
"""Types of file systems that several machines can mount at the same time."""
REMOTE_SOURCE = re.compile(r"//|[^/]+:/")
"""Matches the source of a mount of another machine's files: //server/share, server:/export."""
LOCAL_LOCK_OPTIONS = {
    "nfs": ("nolock", "local_lock=all", "local_lock=posix"),
    "nfs4": ("local_lock=all", "local_lock=posix"),
    "cifs": ("nobrl",),
    "smb3": ("nobrl",),
    "lustre": ("localflock",),
}
"""Mount options, by type of file system, with which other machines do not see a lock."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A mounted file system.

    Attributes:
        type: Its type, such as "ext4"; "unknown" if the operating system does not tell.
        at: The directory where it is mounted.
        source: What is mounted, such as a device or "server:/export".
        options: Its mount options.
    """

    type: str
    at: str = "/"
    source: str = "none"
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.type}, mounted at {self.at}"

    @property
    def is_network(self) -> bool:
        """Whether other machines may open the same files."""
        return NETWORK_TYPES.fullmatch(self.type) is not None or REMOTE_SOURCE.match(self.source) is not None

    @property
    def locks_here_only(self) -> bool:
        """Whether it is known that other machines do not see a lock."""
        return self.type == "fuse.sshfs" or any(
            option in self.options for option in LOCAL_LOCK_OPTIONS.get(self.type, ())
        )


UNKNOWN_FILE_SYSTEM = FileSystem("unknown")


def file_system_of(path: Path) -> FileSystem:
    """Return the file system that a path is on, after following symbolic links."""
    try:
        listing = os.fsdecode(MOUNT_LIST.read_bytes())
    except OSError:
        return UNKNOWN_FILE_SYSTEM
    return find_mount(listing, str(path.resolve()))


def find_mount(listing: str, path: str) -> FileSystem:
    """Return the file system of a path, from the text of a mountinfo file.

    Its lines read "36 35 98:0 /root /mounted/here rw,noatime shared:1 - nfs4 server:/export rw,vers=4.2". Of two
    mounts on the same directory, the later one hides the first.

    Args:
        listing: The text.
        path: An absolute path without symbolic links.
    """
    best, longest = UNKNOWN_FILE_SYSTEM, -1
    for line in listing.splitlines():
        before, dash, after = line.partition(" - ")
        fields, described = before.split(" "), after.split(" ")
        if not dash or len(fields) < 6 or len(described) < 3:
            continue
        at = _unescape(fields[4])
        if len(at) >= longest and (path == at or path.startswith(at.rstrip("/") + "/")):
            options = tuple(f"{fields[5]},{described[2]}".split(","))
            best, longest = FileSystem(described[0], at, _unescape(described[1]), options), len(at)
    return best


def _unescape(field: str) -> str:
    r"""Decode a name: the kernel writes blanks, tabs, newlines and backslashes as \040, \011, \012 and \134."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)
