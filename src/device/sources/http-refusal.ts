/** What a request is told that gets no result: a typed error, and the status that says whose fault it is. */
import type { ServerResponse } from 'node:http';

/** Whose picture it was, who was away, and who may try again. Others are ours. */
const statuses: Readonly<Record<string, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_UNAUTHORIZED: 401,
  REQUEST_FOREIGN: 403,
  REQUEST_PATH: 404,
  REQUEST_METHOD: 405,
  REQUEST_SLOW: 408,
  REQUEST_TOO_LARGE: 413,
  NOT_AN_IMAGE: 422,
  IMAGE_TOO_LARGE: 422,
  IMAGE_VALUES: 422,
  IMAGE_CHANNELS: 422,
  BUDGET_SPENT: 429,
  ANSWER_FAILED: 502,
  REQUEST_BUSY: 503,
  REQUEST_STOPPING: 503,
  CANCELLED: 503,
  BROKER_LOST: 503,
  NO_ANSWER: 504,
};

const headers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  REQUEST_UNAUTHORIZED: { 'WWW-Authenticate': 'Bearer' },
  REQUEST_METHOD: { Allow: 'POST' },
  REQUEST_BUSY: { 'Retry-After': '1' },
  REQUEST_STOPPING: { 'Retry-After': '10' },
  CANCELLED: { 'Retry-After': '10' },
  BROKER_LOST: { 'Retry-After': '10' },
};

/** Sends it. What is left of the request is read and thrown away, since a sender who is cut off does not see why. */
export function refuse(response: ServerResponse, error: { readonly code: string; readonly message: string }): void {
  const { code, message } = error;
  response.req.resume();
  respond(response, statuses[code] ?? 500, { format: 'cutline.error/1', code, message }, headers[code]);
}

export function respond(
  response: ServerResponse,
  status: number,
  document: object,
  more: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...more });
  response.end(`${JSON.stringify(document)}\n`);
}
