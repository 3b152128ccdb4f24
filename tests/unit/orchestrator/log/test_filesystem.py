"""The file system of a path, from simulated lists of mounts and from this machine's own."""

import os
from pathlib import Path

import pytest

from searchparty.orchestrator.log import filesystem
from searchparty.orchestrator.log.filesystem import UNKNOWN_FILE_SYSTEM, FileSystem, file_system_of, find_mount
from searchparty.orchestrator.log.journal_mode import (
    RollbackJournal,
    WriteAheadJournal,
    choose_journal,
    describe_restrictions,
)

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 0:40 / /home rw,relatime shared:5 master:3 - nfs4 files:/export/home rw,vers=4.2,hard,local_lock=none
31 30 8:17 / /home/ann/scratch rw,noatime - xfs /dev/sdb1 rw
32 22 0:41 / /old rw - nfs files:/old rw,vers=3,nolock,local_lock=all
33 22 0:42 / /mnt/my\040disk\134s rw - cifs //server/share rw,vers=3.1.1
34 22 0:43 / /remote rw - fuse.sshfs ann@host:/data rw,user_id=0
35 22 0:44 / /mirror rw - fuse.bindfs /srv/data rw
36 22 0:45 / /new rw - fuse.novelfs node7:/vol rw
37 22 0:46 / /tank rw - zfs tank/a:b rw
38 22 8:33 / /twice rw - ext4 /dev/sdc1 rw
39 38 0:47 / /twice rw - lustre 10.0.0.1@tcp:/fs rw,flock
40 22 0:48 / /stage rw - beegfs beegfs_nodev rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "type_", "at", "network"),
    [
        ("/", "ext4", "/", False),
        ("/homely/results", "ext4", "/", False),
        ("/home", "nfs4", "/home", True),
        ("/home/ann/results/mine-1", "nfs4", "/home", True),
        ("/home/ann/scratch/mine-1", "xfs", "/home/ann/scratch", False),
        ("/mnt/my disk\\s/r", "cifs", "/mnt/my disk\\s", True),
        ("/remote/r", "fuse.sshfs", "/remote", True),
        ("/mirror/r", "fuse.bindfs", "/mirror", False),
        ("/new/r", "fuse.novelfs", "/new", True),
        ("/tank/r", "zfs", "/tank", False),
        ("/twice/r", "lustre", "/twice", True),
        ("/stage/r", "beegfs", "/stage", True),
    ],
)
def test_the_innermost_and_latest_mount_decides(path, type_, at, network):
    found = find_mount(MOUNTS, path)
    assert (found.type, found.at, found.is_network) == (type_, at, network)
    assert isinstance(choose_journal(found), RollbackJournal if network else WriteAheadJournal)


def test_locks_that_other_machines_do_not_see():
    alone = {path for path in ("/home", "/old", "/remote", "/twice", "/") if find_mount(MOUNTS, path).locks_here_only}
    assert alone == {"/old", "/remote"}


def test_a_remark_names_file_system_mode_cost_and_cure():
    assert describe_restrictions(find_mount(MOUNTS, "/home/ann/scratch")) == []
    (said,) = describe_restrictions(find_mount(MOUNTS, "/home/ann"))
    for words in ("network file system (nfs4, mounted at /home)", "rollback journal", "a few percent", "--out PATH"):
        assert words in said
    assert "Other machines do not see its locks" in describe_restrictions(find_mount(MOUNTS, "/old/r"))[1]


def test_a_system_that_does_not_tell_is_taken_to_be_local(tmp_path, monkeypatch):
    monkeypatch.setattr(filesystem, "MOUNT_LIST", tmp_path / "none")
    assert file_system_of(tmp_path) == UNKNOWN_FILE_SYSTEM == FileSystem("unknown")
    assert not UNKNOWN_FILE_SYSTEM.is_network
    assert find_mount("", "/home") == UNKNOWN_FILE_SYSTEM


def test_links_are_followed(tmp_path, monkeypatch):
    listing = tmp_path / "mounts"
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    listing.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:9 / {tmp_path.resolve()}/far rw - nfs4 s:/e rw\n")
    monkeypatch.setattr(filesystem, "MOUNT_LIST", listing)
    assert file_system_of(tmp_path / "near" / "results").type == "nfs4"
    assert file_system_of(tmp_path).type == "ext4"


@pytest.mark.skipif(not filesystem.MOUNT_LIST.exists(), reason="needs Linux")
def test_this_machines_own_list(tmp_path):
    """The mount that is found for a directory is on the same device."""
    for path in (tmp_path, Path("/proc/self")):
        found = file_system_of(path)
        assert os.stat(found.at).st_dev == path.stat().st_dev
    assert found.type == "proc"
