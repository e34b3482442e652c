/**
 * The discovery message of a device (home-assistant.io/integrations/mqtt, "Device discovery payload"; Home Assistant 2024.11 and
 * later): what there is to see, on which topics, and how to read them there. It holds nothing but names and templates.
 */
import { homeAssistantId, topicOf } from '../../broker/index.ts';

/** Health that does not come for so many intervals leaves its figures unknown. */
const MISSED = 3;

export interface Announced {
  readonly fleet: string;
  readonly device: string;
  /** Seconds between health messages. */
  readonly healthS: number;
}

export function discoveryOf({ fleet, device, healthS }: Announced): object {
  const id = homeAssistantId(fleet, device);
  const [state, health, label] = [
    topicOf(fleet, device, 'state'),
    topicOf(fleet, device, 'health'),
    topicOf(fleet, device, 'label'),
  ];
  const component = (name: string, said: object) => ({ unique_id: `${id}_${name.toLowerCase()}`, name, ...said });
  // `None` is how a template says that nothing is known.
  const sensor = (name: string, topic: string, value: string, said: object) =>
    component(name, {
      platform: 'sensor',
      state_topic: topic,
      value_template: `{{ ${value} }}`,
      availability_topic: state,
      availability_template: '{{ value_json.status }}',
      ...said,
    });
  const figure = (name: string, value: string, deviceClass: string, unit: string) =>
    sensor(name, health, value, {
      device_class: deviceClass,
      unit_of_measurement: unit,
      state_class: 'measurement',
      entity_category: 'diagnostic',
      expire_after: Math.ceil(MISSED * healthS),
    });
  return {
    device: { identifiers: [id], name: device, manufacturer: 'Cutline', model: `Agent of fleet ${fleet}` },
    origin: { name: 'cutline' },
    components: {
      label: sensor('Label', label, 'value_json.label', { icon: 'mdi:tag-outline' }),
      score: sensor('Score', label, '(value_json.score * 100) | round(1) if value_json.score is number else None', {
        unit_of_measurement: '%',
        state_class: 'measurement',
        icon: 'mdi:percent-outline',
      }),
      latency: figure('Latency', 'value_json.latencyMs.p50 if value_json.latencyMs else None', 'duration', 'ms'),
      power: figure('Power', 'value_json.power.watts if value_json.power else None', 'power', 'W'),
      temperature: figure(
        'Temperature',
        'value_json.temperatureC if value_json.temperatureC is number else None',
        'temperature',
        '°C',
      ),
      // Of itself it is always known: that it is offline is what it says.
      connection: component('Connection', {
        platform: 'binary_sensor',
        device_class: 'connectivity',
        state_topic: state,
        value_template: '{{ value_json.status }}',
        payload_on: 'online',
        payload_off: 'offline',
        entity_category: 'diagnostic',
      }),
    },
  };
}
