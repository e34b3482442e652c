/** Settings of agents and consumers that are given on the command line. */
import type { Options } from 'yargs';

export const setOption = {
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'A setting in place of that of the file, as --set broker.url=mqtts://host:8883; repeat for more',
  },
} as const satisfies Record<string, Options>;

export const precedence =
  'Settings come from --set, then from the environment (broker.url is CUTLINE_BROKER_URL, broker.passwordFile ' +
  'CUTLINE_BROKER_PASSWORD_FILE), then from the file, then from the defaults: what comes first counts. ' +
  'cutline config schema lists them.';
