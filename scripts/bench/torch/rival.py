"""Answers one JSON line with one JSON line: what PyTorch takes for the same work. Started by ../torch.mjs."""
import json
import sys

import torch

# Ours flushes denormals too; threads that PyTorch starts later inherit the setting.
torch.set_flush_denormal(True)
torch.set_num_threads(int(sys.argv[1]))

import blas  # noqa: E402
import harden  # noqa: E402
import operators  # noqa: E402
import rmle  # noqa: E402
import training  # noqa: E402

answers = {**blas.answers, **harden.answers, **operators.answers, **rmle.answers, **training.answers}
print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(answers[request.pop("do")](**request)), flush=True)
