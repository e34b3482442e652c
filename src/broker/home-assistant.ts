/**
 * Topics of Home Assistant's MQTT discovery (home-assistant.io/integrations/mqtt, "MQTT discovery"): one retained message a device,
 * and the birth message by which Home Assistant asks for it again.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** One to three levels; 64 bytes at most, so that the topic stays within what brokers take. */
export const prefixSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,40}(\/[A-Za-z0-9_-]{1,40}){0,2}$/, 'expected a prefix of topics, as homeassistant')
  .refine((prefix) => prefix.length <= 64, 'expected at most 64 characters');

/**
 * What a device is called there: `[a-zA-Z0-9_-]`, and another one for every other device. Fleets and devices may have dots, and
 * `a_b` of `c` is not `a` of `b_c`: a digest tells them apart.
 */
export function homeAssistantId(fleet: string, device: string): string {
  const plain = `${fleet}_${device}`.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 80);
  return `cutline_${plain}_${createHash('sha256').update(`${fleet}/${device}`).digest('hex').slice(0, 8)}`;
}

export const discoveryTopic = (prefix: string, id: string): string => `${prefix}/device/${id}/config`;

export const birthTopic = (prefix: string): string => `${prefix}/status`;
