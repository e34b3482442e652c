/** What a source is opened with, as far as a test does not say otherwise. */
import type { SourceContext } from '../../../src/device/sources/source.ts';

export function sourceContext(given: Partial<SourceContext> = {}): SourceContext {
  return {
    size: { channels: 1, height: 4, width: 4 },
    strictChannels: false,
    inFlight: 1,
    done: undefined,
    log: () => {},
    stop: new AbortController().signal,
    ...given,
  };
}
