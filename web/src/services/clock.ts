/** An estimate of the server's clock, from its responses and the local monotonic clock. */

let offsetMs = 0;

/** Takes the server's time from a response to a request sent at `sentAt` (`performance.now()`). */
export function learnServerTime(serverNow: string | null | undefined, sentAt: number): void {
  const server = serverNow ? Date.parse(serverNow) : NaN;
  if (Number.isFinite(server)) offsetMs = server - sentAt;
}

/** Server time in milliseconds since the epoch, monotonic between two responses. */
export function serverNowMs(): number {
  return performance.now() + (offsetMs === 0 ? performance.timeOrigin : offsetMs);
}

/** Milliseconds from the server's now until a time; negative when it has passed. */
export function untilMs(time: string): number {
  return Date.parse(time) - serverNowMs();
}
