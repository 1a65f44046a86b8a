import { listed } from './format';

/** "Row C, seat 14 has gone to someone else." */
export function goneText(names: readonly string[]): string {
  return `${listed(names)} ${names.length === 1 ? 'has' : 'have'} gone to someone else`;
}
