"""Where a registry is: a local file, or a PostgreSQL server by URL; never guessed."""

import os
import pathlib
import sys

from ..errors import InputError

ENVIRONMENT = "MRTDOSIMETRY_REGISTRY"
_SERVERS = ("postgresql://", "postgres://", "postgresql+psycopg://")
# SQLite's log in shared memory does not work across machines, and their locks are not to be relied upon.
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gpfs", "beegfs",
                         "glusterfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
                         "davfs", "fuse.davfs2"}
_REMOTE_DRIVE = 4  # of GetDriveTypeW


def placeFrom(file=None, url=None):
    """The place the user states: file or URL, else that of the environment.

    Raises
    ------
    InputError
        Both, none, or a URL of another kind of server.
    """
    if file and url:
        raise InputError("Both a file and a URL of the registry are given", "registry", "Give one of them")
    if url and not isServer(url):
        raise InputError(f"'{url.partition(':')[0]}' is not a kind of server that can hold the registry", "registry",
                         "Use postgresql://USER@HOST/DATABASE, or a file")
    place = file or url or os.environ.get(ENVIRONMENT)
    if not place:
        raise InputError("Nothing says where the registry is", "registry",
                         f"Give its file or URL, or set {ENVIRONMENT}")
    return str(place)


def isServer(place):
    """Whether a place is the URL of a server."""
    return str(place).startswith(_SERVERS)


def serverURL(place):
    """URL for SQLAlchemy with the driver of the project."""
    return "postgresql+psycopg://" + str(place).partition("://")[2]


def requireLocal(path):
    """Refuse a file on a drive of the network.

    Raises
    ------
    InputError
        Two machines that write such a file can damage it.
    """
    kind = _networkKind(os.path.abspath(path))
    if kind:
        raise InputError(f"The registry's file would be on a network drive ({kind}), where two computers that write "
                         "can damage it", str(path),
                         "Choose a local folder, or a PostgreSQL server for several computers")


def _networkKind(path):
    if sys.platform == "win32":
        return _windowsKind(path)
    try:
        with open("/proc/mounts", encoding="utf-8", errors="replace") as file:
            mounts = [line.split()[1:3] for line in file]
    except OSError:
        return None  # not Linux: the documentation says what must not be
    return networkKindOf(os.path.realpath(path), mounts)


def networkKindOf(path, mounts):
    """Kind of the network file system that holds ``path``, or ``None``; ``mounts``: (folder, kind) pairs."""
    best, kind = "", None
    for folder, name in mounts:
        folder = folder.replace("\\040", " ")
        isAbove = pathlib.PurePosixPath(path).is_relative_to(folder)
        if isAbove and len(folder) >= len(best):  # the last mount on a folder is the one that is seen
            best, kind = folder, name
    return kind if kind in _NETWORK_FILE_SYSTEMS else None


def _windowsKind(path):
    import ctypes

    drive = os.path.splitdrive(path)[0]
    if drive.startswith("\\\\"):
        return "network share"
    return "network drive" if ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == _REMOTE_DRIVE else None
