"""What is let go goes back to the system, instead of being kept by the allocators for later."""

import ctypes
import os

# Names of glibc's malloc.h: from which size on a block is mapped for itself, and into how many
# arenas threads may spread what they take.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE, ARENAS = 1 << 23, 1


def configure_allocator() -> None:
    """From now on, let freed tables leave the process; without glibc, those of Arrow alone.

    A training makes one large table after the other. Left alone, glibc and Arrow keep each of them
    for later: the process then held more than twice what was alive. Call it before Arrow is
    imported: its readers ask for memory where they were first told to, whatever they hear later.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # macOS and Windows keep less by themselves, and musl as well
    mallopt(M_MMAP_THRESHOLD, LARGE)
    mallopt(M_ARENA_MAX, ARENAS)


def trim_memory() -> None:
    """Hand on what small objects, many at a time, have left behind: it is not mapped for itself."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
