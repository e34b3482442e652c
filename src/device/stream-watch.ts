/** Whoever wants to know how fast the stream is. */
export interface StreamWatch {
  /** So many bytes are about to be sent; it is told when they are written, or never will be. */
  sending(bytes: number): { written(settled: () => Promise<void>): void; lost(): void };
  /** A new connection, on which nothing was sent. */
  begin(settled: () => Promise<void>): Promise<void>;
}
