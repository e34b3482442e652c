/** What a configuration asks for of Home Assistant. */
import { connectOptions } from '../../broker/index.ts';
import type { AgentConfig } from '../config.ts';
import { type HomeAssistant, openHomeAssistant } from './home-assistant.ts';

/**
 * @param isSending whether the plan has the agent say anything to the broker; else nothing can be shown, and that is said
 * @returns undefined where it is not asked for @throws CutlineError FILE_*, SECRET_EXPOSED, CONFIG_INVALID
 */
export async function openHome(
  config: AgentConfig,
  folder: string,
  isSending: boolean,
  log: (line: string) => void,
): Promise<HomeAssistant | undefined> {
  const { homeAssistant: settings, fleet, device, healthS, broker, sinks } = config;
  if (!settings) return undefined;
  if (!isSending) {
    log(
      'homeAssistant: nothing is shown, since this plan keeps everything on the device and says nothing to the broker',
    );
    return undefined;
  }
  // Numbered after the sinks, whose names a device's account may have.
  const clientId = `cutline-result-${fleet}-${device}-${sinks.length}`;
  const connect = await connectOptions(broker, folder, { clientId });
  return openHomeAssistant({ settings, connect, fleet, device, healthS, log });
}
