import { apiPath } from './http';

export interface StreamHandlers {
  onOpen(): void;
  onEvent(name: string, data: unknown): void;
  /** The connection broke; `closed` when the browser has given up on it. */
  onBreak(closed: boolean): void;
}

export interface Stream {
  close(): void;
}

/** Opens a server-sent event stream and hands on the named events, parsed. */
export function openStream(path: string, names: readonly string[], handlers: StreamHandlers): Stream {
  const source = new EventSource(apiPath(path));
  source.onopen = () => handlers.onOpen();
  source.onerror = () => handlers.onBreak(source.readyState === EventSource.CLOSED);
  for (const name of names) {
    source.addEventListener(name, (message: MessageEvent<string>) => handlers.onEvent(name, parse(message.data)));
  }
  return { close: () => source.close() };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
