"""What is let go goes back to the system, instead of being kept by the allocators for later."""

import ctypes

import pyarrow as pa

# Names of glibc's malloc.h: from which size on a block is mapped for itself, and into how many
# arenas threads may spread what they take.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE, ARENAS = 1 << 20, 1


def give_back() -> None:
    """Let freed tables leave the process; on systems without glibc, those of Arrow alone.

    A training makes one large table after the other. Left alone, glibc and Arrow keep each of them
    for later: the process then held twice what was alive.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # macOS and Windows keep less by themselves, and musl as well
    mallopt(M_MMAP_THRESHOLD, LARGE)
    mallopt(M_ARENA_MAX, ARENAS)
