import type { ComponentChildren } from 'preact';
import { go } from '../router';

interface Props {
  to: string;
  class?: string;
  children: ComponentChildren;
}

/** A link within the page. The browser itself handles new tabs, downloads and clicks with a modifier key. */
export function Link({ to, children, ...rest }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={to} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
