"""Single operators and their gradients. Every result is summed, as ours are: see ../operators.mjs for the reason."""
import torch
from torch.nn import functional as F

from clock import Clock

cases = {}


def open_operator(name, kind, x, w=None, padding=0, stride=1):
    x = torch.rand(x, requires_grad=True)
    w = torch.rand(w, requires_grad=True) if w else None
    forward = {
        "conv": lambda: F.conv2d(x, w, padding=padding, stride=stride),
        "pool": lambda: F.max_pool2d(x, 2),
        "gemm": lambda: F.linear(x, w),
    }[kind.split(" ")[0]]
    wrt = kind.split(" ")[1]
    y = forward()
    cotangent = torch.rand(y.shape)

    def alone():
        with torch.no_grad():
            return forward()

    work = {
        "forward": alone,
        "input": lambda: torch.autograd.grad(y, [x], cotangent, retain_graph=True)[0],
        "weight": lambda: torch.autograd.grad(y, [w], cotangent, retain_graph=True)[0],
        # Pooling: forward and backward, since ours counts the forward pass that finds the maxima.
        "both": lambda: torch.autograd.grad(forward(), [x], cotangent)[0],
    }[wrt]
    cases[name] = work
    return {}


def run(name, repeats):
    work = cases[name]
    clock = Clock()
    for _ in range(repeats):
        work().sum()
    return clock.read(1 / repeats)


answers = {"operator-open": open_operator, "operator": run}
