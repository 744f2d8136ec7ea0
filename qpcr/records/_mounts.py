"""Whether a folder lies on a network file system, as far as the system says (Linux)."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs",
     "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "davfs", "fuse.davfs2")
)  # fmt: skip


def network(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """Kind of the network file system that `folder` lies on; ``None``: none that is known."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
        here = folder.resolve()
    except OSError:
        return None
    found: dict[int, str] = {}
    for line in lines:
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " "))
        if here.is_relative_to(point):
            found[len(point.parts)] = parts[2]
    kind = found[max(found)] if found else ""
    return kind if kind in NETWORK else None
