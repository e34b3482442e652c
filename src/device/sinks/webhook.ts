/** One POST a line. Whoever is called may be slow, away, or answer for ever: nothing of its answer is read but the status. */
import type { WebhookSettings } from './settings.ts';
import { type Delivery, Undelivered } from './sink.ts';

/** Refusals that may be none the next time: a time-out, too early, too many; and all that are the server's own fault. */
const passing = new Set([408, 425, 429]);
/** However long it asks us to wait. */
const MAX_AFTER_MS = 300_000;

export function webhookDelivery(
  { url, timeoutMs }: Pick<WebhookSettings, 'url' | 'timeoutMs'>,
  token: string | undefined,
): Delivery {
  const fixed = {
    'Content-Type': 'application/json',
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  return {
    async deliver(text, id, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      let response: Response;
      try {
        response = await fetch(url, {
          method: 'POST',
          body: text,
          // A call that seemed to fail may have been heard: whoever is called can tell a second one.
          headers: { ...fixed, 'Idempotency-Key': id },
          // The token is meant for this address alone.
          redirect: 'manual',
          signal: AbortSignal.any([timeout, signal]),
        });
      } catch (error) {
        if (timeout.aborted) throw new Undelivered(`no answer within ${timeoutMs} ms`);
        const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
        throw new Undelivered(cause?.code ?? cause?.message ?? (error as Error).message);
      }
      await response.body?.cancel().catch(() => {});
      if (response.ok) return;
      const isPassing = passing.has(response.status) || response.status >= 500;
      throw new Undelivered(`it answered ${response.status}`, {
        isFinal: !isPassing,
        afterMs: afterMs(response.headers.get('retry-after')),
      });
    },
    close: async () => {},
  };
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function afterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(MAX_AFTER_MS, Math.max(0, ms)) : undefined;
}
