/** The server's clock as this browser knows it: local time plus the largest lag seen, never the local clock alone. */

let offsetMs = 0;

/** Learns the server's time from an answer whose request left at `sentAt` (`performance.now()`). */
export function learnServerTime(serverNow: string | null | undefined, sentAt: number): void {
  const server = serverNow ? Date.parse(serverNow) : NaN;
  if (Number.isFinite(server)) offsetMs = server - sentAt;
}

/** Server time in milliseconds since the epoch, monotonic between two answers. */
export function serverNowMs(): number {
  return performance.now() + (offsetMs === 0 ? performance.timeOrigin : offsetMs);
}

/** Milliseconds from the server's now until a time; negative when it has passed. */
export function untilMs(time: string): number {
  return Date.parse(time) - serverNowMs();
}
