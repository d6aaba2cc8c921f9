"""Ids that entries of the registry had before."""

from collections.abc import Iterator, Sequence


def rename_problems(stream: str, entries: Sequence[tuple[str, Sequence[str]]]) -> Iterator[tuple[int, str]]:
    """Former ids that cannot be followed: (position, what is wrong). `entries`: each id with its former ones, in order.

    An id that is in use is no former one, so that no chain and no circle of renames can be written: who was `a`, then `b`, and
    is `c` now says `formerly: [b, a]`.
    """
    live = {each for each, _ in entries}
    claimed: dict[str, str] = {}
    for number, (current, formerly) in enumerate(entries):
        for former in formerly:
            if former == current:
                yield number, f"`{current}` is called so now: take it out of its `formerly`."
            elif former in live:
                yield (
                    number,
                    f"`{current}` was formerly `{former}`, but {stream}.yml still has `{former}`: take that entry out, or "
                    "take it out of `formerly`.",
                )
            elif claimed.setdefault(former, current) != current:
                yield (
                    number,
                    f"`{former}` is the former id of `{claimed[former]}` and of `{current}`: its history can go on under one "
                    "of them only, so take it out of the other.",
                )
