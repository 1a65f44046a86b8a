import type { NumberOrRange } from '../services/types';

/** Every number named by a list of numbers and `[first, last]` ranges. */
export function* numbersIn(list: readonly NumberOrRange[]): Generator<number> {
  for (const item of list) {
    if (typeof item === 'number') yield item;
    else for (let number = item[0]; number <= item[1]; number++) yield number;
  }
}
