import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

let arrivals = 0;

/** The heading of a page. It takes the focus after a navigation within the page, and again when its focus target vanished. */
export function PageTitle({ children, title }: { children: string; title?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title ?? children} · Boxoffice`;
  }, [children, title]);
  useLayoutEffect(() => {
    // The first page of a visit starts where the browser starts, as on any site.
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
