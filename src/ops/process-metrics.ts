/** Of the process, whatever it does. */
import { performance } from 'node:perf_hooks';
import { figure, type Metric } from './metric.ts';

export function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    figure('process_cpu_seconds_total', 'counter', 'CPU time of the process and its threads', (user + system) / 1e6),
    figure('process_resident_memory_bytes', 'gauge', 'Resident memory', rss),
    figure('process_start_time_seconds', 'gauge', 'Unix time of the start', performance.timeOrigin / 1000),
    figure('nodejs_heap_used_bytes', 'gauge', 'Heap of JavaScript that is in use', heapUsed),
    figure(
      'nodejs_eventloop_utilization_ratio',
      'gauge',
      'Share of the time since the start that the event loop was busy',
      performance.eventLoopUtilization().utilization,
    ),
  ];
}
