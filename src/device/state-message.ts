/** The retained state of a device, `cutline.state/1`. */
export interface StateFields {
  readonly device: string;
  readonly planId: string;
  readonly bootId: string;
  /** Of new plans, where the device takes any. */
  readonly update?: object | undefined;
}

/** `offline` is also the last will. */
export function stateMessage(status: 'online' | 'offline', { device, planId, bootId, update }: StateFields): string {
  return JSON.stringify({ format: 'cutline.state/1', status, device, planId, bootId, ...(update && { update }) });
}
