/** What this machine is. Nothing that identifies it or its owner: no serial numbers, addresses or names. */
import { arch, availableParallelism, totalmem } from 'node:os';
import type { Machine } from '../../profile/index.ts';
import { readGovernor, readPowerMode } from './sustained.ts';

export async function describeMachine(): Promise<Machine> {
  const si = await import('systeminformation');
  const [system, cpu, temperature] = await Promise.all([si.system(), si.cpu(), si.cpuTemperature()]);
  const [governor, powerMode] = await Promise.all([readGovernor(), readPowerMode()]);
  const model = [system.manufacturer, system.model].filter(Boolean).join(' ').trim();
  const name = [cpu.manufacturer, cpu.brand].filter(Boolean).join(' ').trim();
  const measured = { source: 'measured' as const };
  // systeminformation says null, NaN or -1 where there is no sensor.
  const celsius = temperature.main;
  return {
    ...(model && { model }),
    ...(name && { cpu: name }),
    architecture: arch(),
    cores: availableParallelism(),
    ...(governor && { governor }),
    ...(powerMode && { powerMode }),
    memoryBytes: { value: totalmem(), unit: 'B', ...measured },
    temperatureC: celsius > 0 ? { value: celsius, unit: '°C', ...measured } : null,
  };
}
