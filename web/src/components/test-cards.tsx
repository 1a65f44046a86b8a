const CARDS = [
  { number: '4242 4242 4242 4242', effect: 'succeeds' },
  { number: '4000 0000 0000 0002', effect: 'is declined' },
  { number: '4000 0000 0000 9995', effect: 'has insufficient funds' },
  { number: '4000 0000 0000 0119', effect: 'fails once, then succeeds' },
  { number: '4000 0000 0000 5000', effect: 'takes five seconds' },
  { number: '4000 0000 0000 0408', effect: 'loses the first answer' },
];

/** The test cards of the dummy gateway. Real cards are not accepted. */
export function TestCards({ onUse }: { onUse: (card: string) => void }) {
  return (
    <details class="test-cards" open>
      <summary>Test cards</summary>
      <p class="hint">No money moves. Only these numbers are accepted.</p>
      <ul>
        {CARDS.map((card) => (
          <li key={card.number}>
            <code>{card.number}</code> <span class="detail">{card.effect}</span>
            <button type="button" class="plain" aria-label={`Use the card that ${card.effect}`} onClick={() => onUse(card.number)}>
              Use
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
