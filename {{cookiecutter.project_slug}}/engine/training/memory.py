"""Returns freed memory to the system. It imports nothing slow: commands call it first."""

import ctypes
import os

# From glibc's malloc.h: the size from which a block is mapped for itself, and the number of arenas
# from which threads allocate.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE, ARENAS = 1 << 23, 1


def configure_allocator() -> None:
    """Let freed tables leave the process; by default it held more than twice its live data.

    Call it before Arrow is imported: its readers choose their pool at import.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    _call_libc("mallopt", M_MMAP_THRESHOLD, LARGE)
    _call_libc("mallopt", M_ARENA_MAX, ARENAS)


def trim_memory() -> None:
    """Return what many small objects have left free: they are not mapped for themselves."""
    _call_libc("malloc_trim", 0)


def _call_libc(name: str, *arguments: int) -> None:
    try:
        getattr(ctypes.CDLL(None), name)(*arguments)
    except (AttributeError, OSError, TypeError):
        return  # macOS, Windows and musl keep less by themselves
