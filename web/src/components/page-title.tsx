import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

let arrivals = 0;

/**
 * The heading of a page. It takes the focus after a navigation within the page, and when the focused element was
 * removed.
 */
export function PageTitle({ children, title }: { children: string; title?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title ?? children} · Boxoffice`;
  }, [children, title]);
  useLayoutEffect(() => {
    // On the first page of a visit the browser decides where the focus is, as on any site.
    if (arrivals++ > 0) heading.current?.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => {
    const { activeElement } = document;
    const adrift = activeElement === null || activeElement === document.body;
    if (adrift && arrivals > 1) heading.current?.focus({ preventScroll: true });
  }, [children]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
