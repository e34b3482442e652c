/** The device as Home Assistant shows it. */
export type { HomeAssistant } from './home-assistant.ts';
export { openHome } from './open.ts';
export { homeAssistantSchema } from './settings.ts';
