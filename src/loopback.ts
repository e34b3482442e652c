/** What only this machine reaches. */

/** Whether nobody outside reaches what listens on it: a name or an address. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

/** The host of a `Host:` header: `host:port`, `[::1]:port` or a host alone. */
export const hostOf = (header = ''): string => header.replace(/:\d*$/, '');

/** An address as part of a URL. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host.replace(/[[\]]/g, '')}]` : host);
