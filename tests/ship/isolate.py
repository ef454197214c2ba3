"""Become the first process of a container: read-only root, volumes, a loopback, a plain user.

Run by container.py in fresh namespaces (`unshare --mount --net --pid --fork`), with a `Setting` as
JSON. It does what a node's container runtime does, with the kernel and the standard library alone,
because a machine that can build an image need not have a runtime that can run it.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DEVICES = ("null", "zero", "random", "urandom")
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True)
class Volume:
    """A folder of this machine at a path of the container."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class Setting:
    """All that a container starts with; `root` is the folder with the image's files."""

    root: str
    command: list[str]
    env: dict[str, str]
    folder: str
    user: int
    group: int
    volumes: list[Volume]


def mount(*words: str) -> None:
    """Mount as the command does."""
    subprocess.run(["mount", *words], check=True)


def furnish(setting: Setting) -> None:
    """Mount volumes, processes and devices into the root, then let nobody write to it."""
    root = setting.root
    mount("--bind", root, root)
    for volume in setting.volumes:
        place = root + volume.target
        Path(place).mkdir(parents=True, exist_ok=True)  # as a container runtime does
        mount("--bind", volume.source, place)
        if volume.read_only:
            mount("-o", "remount,bind,ro", place)
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("-t", "tmpfs", "tmpfs", f"{root}/dev")
    for device in DEVICES:
        Path(root, "dev", device).touch()
        mount("--bind", f"/dev/{device}", f"{root}/dev/{device}")
    mount("-o", "remount,ro", f"{root}/dev")
    mount("-o", "remount,bind,ro", root)


def connect_to_itself() -> None:
    """Bring up the loopback, the only interface of a new network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def become(setting: Setting) -> None:
    """Give up this machine's files, all privileges and the way back to them; run the command."""
    os.chroot(setting.root)
    os.chdir(setting.folder)
    os.setgroups([])
    os.setgid(setting.group)
    os.setuid(setting.user)
    if ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("the kernel does not take privileges away for good")
    os.environ["PATH"] = setting.env["PATH"]  # where the command is looked for
    os.execvpe(setting.command[0], setting.command, setting.env)  # noqa: S606  # that is the point


def main(text: str) -> None:
    """Never returns: the command takes this process over."""
    given = json.loads(text)
    volumes = [Volume(**volume) for volume in given.pop("volumes")]
    setting = Setting(**given, volumes=volumes)
    furnish(setting)
    connect_to_itself()
    become(setting)


if __name__ == "__main__":
    main(sys.argv[1])
