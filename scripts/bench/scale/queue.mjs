/** A fleet as queues: devices that send evenly, each from a moment of its own, then broker, consumer, broker. Event by event. */
import { createRandom } from '../../../dist/random.js';

/**
 * Times of service are exponential about their means, which waits longer than what scatters less.
 * @param stagesOf by the device's number: mean ms of service, one server each, in the order in which a message meets them; the same
 * name is the same server
 * @returns ms from sending to answer, sorted
 */
export function simulate({ devices, everyS, seconds, stagesOf, seed = 1 }) {
  const random = createRandom(seed);
  const events = [];
  for (let d = 0; d < devices; d++)
    for (let atMs = 1000 * everyS * random.uniform(); atMs < 1000 * seconds; atMs += 1000 * everyS)
      events.push({ atMs, sentMs: atMs, stage: 0, stages: stagesOf(d) });
  const heap = heapOf(events);
  const freeMs = new Map();
  const totals = [];
  for (let event = heap.pop(); event; event = heap.pop()) {
    const { stages } = event;
    const { name, meanMs } = stages[event.stage];
    const begins = Math.max(event.atMs, freeMs.get(name) ?? 0);
    const ends = begins - meanMs * Math.log(1 - random.uniform());
    freeMs.set(name, ends);
    if (event.stage + 1 < stages.length) heap.push({ ...event, atMs: ends, stage: event.stage + 1 });
    else totals.push(ends - event.sentMs);
  }
  return totals.sort((a, b) => a - b);
}

/** By `atMs`, the least first. */
function heapOf(items) {
  const heap = items.sort((a, b) => a.atMs - b.atMs);
  const swap = (i, j) => {
    [heap[i], heap[j]] = [heap[j], heap[i]];
  };
  return {
    push(item) {
      heap.push(item);
      for (let i = heap.length - 1; i > 0; ) {
        const up = (i - 1) >> 1;
        if (heap[up].atMs <= heap[i].atMs) break;
        swap(i, up);
        i = up;
      }
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length === 0 || first === undefined) return first;
      heap[0] = last;
      for (let i = 0; ; ) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2])
          if (child < heap.length && heap[child].atMs < heap[least].atMs) least = child;
        if (least === i) return first;
        swap(i, least);
        i = least;
      }
    },
  };
}
