"""Names drawn in their shares, so that even few draws meet the rare ones."""

import numpy as np


class Deck:
    """A pack of cards, shuffled again when it is used up. `shares`: name -> how often in a thousand."""

    def __init__(self, shares: dict[str, int], rng: np.random.Generator) -> None:
        self._shares = shares
        self._rng = rng
        self._cards: list[str] = []

    def draw(self) -> str:
        if not self._cards:
            cards = [name for name, share in self._shares.items() for _ in range(max(1, round(share / 20)))]
            self._cards = [cards[place] for place in self._rng.permutation(len(cards))]
        return self._cards.pop()
