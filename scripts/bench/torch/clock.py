"""Both clocks: the wall's, and the processor's of this process with all its threads."""
import time


class Clock:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self, share=1.0):
        return {
            "wall": (time.perf_counter() - self.wall) * share,
            "cpu": (time.process_time() - self.cpu) * share,
        }
