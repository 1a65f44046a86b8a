interface Props {
  value: number;
  most: number;
  onChange: (value: number) => void;
}

/** How many, by buttons or by typing, from one to the most that one order may have. */
export function Quantity({ value, most, onChange }: Props) {
  const set = (wanted: number) => onChange(Math.min(Math.max(Math.round(wanted) || 1, 1), most));
  return (
    <div class="field">
      <label for="quantity">How many</label>
      <div class="quantity">
        <button type="button" aria-label="One fewer" aria-disabled={value <= 1} onClick={() => set(value - 1)}>
          −
        </button>
        <input
          id="quantity"
          type="number"
          inputMode="numeric"
          min={1}
          max={most}
          value={value}
          onChange={(change) => set(change.currentTarget.valueAsNumber)}
        />
        <button type="button" aria-label="One more" aria-disabled={value >= most} onClick={() => set(value + 1)}>
          +
        </button>
      </div>
    </div>
  );
}
