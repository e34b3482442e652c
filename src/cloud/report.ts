/** What a consumer tells whoever watches it. */
import { figure, figures, type Report } from '../ops/index.ts';
import type { Consumer } from './consumer.ts';

interface Watched {
  readonly planIds: readonly string[];
  readonly consumer: Pick<Consumer, 'counts' | 'queued'>;
  /** Whether it is connected to the broker and subscribed. */
  readonly isConnected: () => boolean;
}

export function consumerReport({ planIds, consumer, isConnected }: Watched): Report {
  return {
    waitsFor: () => (isConnected() ? undefined : 'the broker'),
    metrics() {
      const { answered, duplicates, unsent, failures, refused } = consumer.counts;
      const { activations, bytes } = consumer.queued;
      return [
        {
          ...figure('cutline_plan_info', 'gauge', 'A plan that is served', 1),
          samples: planIds.map((plan) => ({ labels: { plan }, value: 1 })),
        },
        figure('cutline_connected', 'gauge', '1 while connected to the broker', isConnected() ? 1 : 0),
        figure('cutline_answered_total', 'counter', 'Activations that were answered', answered),
        figure('cutline_duplicates_total', 'counter', 'Activations that had been admitted already', duplicates),
        figure('cutline_unsent_total', 'counter', 'Refusals left out since too many waited for the broker', unsent),
        figures('cutline_failures_total', 'Activations that were refused, by code', 'code', failures),
        figures('cutline_refused_messages_total', 'Messages that were no activation of their device', 'kind', refused),
        figure('cutline_queue_activations', 'gauge', 'Activations admitted and not yet answered', activations),
        figure('cutline_queue_bytes', 'gauge', 'The same in bytes', bytes),
      ];
    },
  };
}
