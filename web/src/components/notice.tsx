import type { ComponentChildren } from 'preact';

interface Props {
  tone?: 'info' | 'warning' | 'error' | 'success';
  title?: string;
  children?: ComponentChildren;
}

const SIGNS = { info: 'i', warning: '!', error: '!', success: '✓' };

/** A message that stays as long as its reason. Screen readers speak warnings and errors at once. */
export function Notice({ tone = 'info', title, children }: Props) {
  const urgent = tone === 'warning' || tone === 'error';
  return (
    <div class={`notice ${tone}`} role={urgent ? 'alert' : undefined}>
      <span class="sign" aria-hidden="true">
        {SIGNS[tone]}
      </span>
      <div>
        {title && <p class="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}
