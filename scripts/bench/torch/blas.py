"""What multiplies PyTorch's matrices: where its `sgemm_` comes from, the kernel OpenBLAS took, and how long a product takes."""
import ctypes
import os
import re

import torch
from torch.nn import functional as F

from clock import Clock

rows, inputs, outputs = 64, 2048, 512
repeats = 20
rounds = 8


class Symbol(ctypes.Structure):
    """Dl_info of dladdr(3)."""
    _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("name", ctypes.c_char_p), ("at", ctypes.c_void_p)]


def mapped(pattern):
    """Paths of libraries in memory. Other systems than Linux have no such list."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
    except OSError:
        return []
    return sorted(p for p in paths if re.search(pattern, os.path.basename(p)))


def provider():
    """The library that PyTorch gets its matrix product from. Others may be in memory for other reasons, such as LAPACK's."""
    for path in mapped(r"^libtorch_cpu\.so"):
        try:
            product = ctypes.CDLL(path).sgemm_
        except (AttributeError, OSError):
            continue
        symbol = Symbol()
        if ctypes.CDLL(None).dladdr(ctypes.cast(product, ctypes.c_void_p), ctypes.byref(symbol)) and symbol.file:
            return os.path.realpath(symbol.file.decode())
    return None


def openblas():
    """Version and kernel of the OpenBLAS in memory."""
    for path in mapped("openblas"):
        library = ctypes.CDLL(path)
        for suffix in ("", "64_"):
            try:
                answers = [getattr(library, f"openblas_get_{what}{suffix}") for what in ("corename", "config")]
            except AttributeError:
                continue
            for answer in answers:
                answer.restype = ctypes.c_char_p
            kernel, config = (answer().decode() for answer in answers)
            return {"kernel": kernel, "version": config.split()[1]}
    return None


def blas():
    x, w = torch.rand(rows, inputs), torch.rand(outputs, inputs)
    times = []
    # The first round warms up; of the rest the fastest, since what disturbs only ever slows.
    for _ in range(rounds):
        clock = Clock()
        for _ in range(repeats):
            F.linear(x, w)
        times.append(clock.read(1 / repeats))
    return {
        "gemm": {key: min(t[key] for t in times[1:]) for key in ("wall", "cpu")},
        "provider": provider(),
        "openblas": openblas(),
        "built": torch.__config__.show(),
        "onednn": torch.backends.mkldnn.is_available(),
    }


answers = {"blas": blas}
