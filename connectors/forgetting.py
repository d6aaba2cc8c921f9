"""What becomes of a record when somebody is forgotten: it goes with its subject, or loses what it says of them.

A record goes when its stream says that it is of somebody who is forgotten, or of a record that went. Any other that
mentions them stays, for it is somebody else's too: what names them is emptied, and within a text struck out.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from connectors.contract import Stream

STRUCK_OUT = "(forgotten)"
# A part of a record that is a person has no more fields than this.
_PERSON_FIELDS = 12
_LONGEST_NAME_WORDS = 4
_LONGEST_ID = 254
_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_TOKEN = re.compile(r"[\w$@:.+-]{4,}")
_WORD = re.compile(r"[\w'’-]+")
_SEVERAL = re.compile(r"\s*[;,]\s*")

Knows = Callable[[str], bool]


class Forgetting:
    """How the records of a source are treated. `knows`: whether a text names somebody who is forgotten.

    `gone`: ids of records that went, as `typed` writes them; what belongs to them goes too.
    """

    def __init__(self, source: str, knows: Knows) -> None:
        self._source = source
        self._named = knows
        self.gone: set[str] = set()

    def left(self, stream: Stream, record_id: str, text: str) -> str | None:
        """What stays of a record: None, the text as it is, or another one."""
        own = typed(self._source, stream.name, record_id)
        try:
            record = json.loads(text)
        except ValueError:
            record = text
        if self._knows_id(own) or self._goes(stream, record):
            # Of events nothing hangs, and they are many.
            if not stream.is_event:
                self.gone.add(own)
            return None
        if self.mentions(record_id):
            return None
        emptied = self._without_references(stream, record)
        struck, is_struck = self._struck(record, is_root=True)
        return json.dumps(struck, ensure_ascii=False) if emptied or is_struck else text

    def _goes(self, stream: Stream, record: Any) -> bool:
        owners = [each for path in stream.identifies for each in texts_at(record, path)]
        if any(self.knows(each) for each in (owners[:1] if stream.is_event else owners)):
            return True
        return any(
            self._knows_id(typed(self._source, parent, each))
            for path, parents in stream.belongs_to
            for parent, each in _pairs(record, path, parents)
        )

    def knows(self, text: str) -> bool:
        """Does it name somebody, by itself or, an address, by its domain?"""
        if len(text) > _LONGEST_ID or not text:
            return False
        return self._named(text) or ("@" in text and self._named(text[text.rindex("@") :]))

    def _knows_id(self, own: str) -> bool:
        return own in self.gone or self._named(own)

    def _without_references(self, stream: Stream, record: Any) -> bool:
        changed = False
        for path, parent in stream.refers:
            for holder, key, value in list(_places(record, path.split("."))):
                if not isinstance(value, str | int) or not self._knows_id(
                    typed(self._source, parent, str(value))
                ):
                    continue
                changed = True
                if isinstance(holder, list):
                    holder.remove(value)
                    continue
                holder[key] = None
                if holder is not record:
                    _strike_texts(holder)
        return changed

    def _struck(self, value: Any, is_root: bool = False) -> tuple[Any, bool]:
        """The value without what names somebody, and whether that changed it."""
        if isinstance(value, dict):
            if not is_root and self._is_person(value):
                return dict.fromkeys(value), True
            done = {key: self._struck(each) for key, each in value.items() if not self.mentions(key)}
            changed = len(done) < len(value) or any(each for _, each in done.values())
            return {key: each for key, (each, _) in done.items()}, changed
        if isinstance(value, list):
            found = [self._struck(each) for each in value]
            kept = [new for old, (new, _) in zip(value, found, strict=True) if new is not None or old is None]
            return kept, any(each for _, each in found)
        if not isinstance(value, str):
            return value, False
        if self.knows(value):
            return None, True
        struck = self._struck_text(value)
        return struck, struck != value

    def _is_person(self, value: dict[str, Any]) -> bool:
        leaves = list(value.values())
        return len(leaves) <= _PERSON_FIELDS and any(
            isinstance(each, str) and "@" in each and self.knows(each) for each in leaves
        )

    def mentions(self, text: str) -> bool:
        return self.knows(text) or self._struck_text(text) != text

    def _struck_text(self, text: str) -> str:
        spans = list(self._spans(text))
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + STRUCK_OUT + text[end:]
        return text

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        reached = 0
        for start, end in sorted(self._found(text), key=lambda span: (span[0], -span[1])):
            if start >= reached:
                yield start, end
                reached = end

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for pattern in (_EMAIL, _TOKEN):
            for match in pattern.finditer(text):
                token = match.group()
                if token != text and (self.knows(token) or self.knows(token.rstrip(".:-"))):
                    yield match.start(), match.start() + len(token.rstrip(".:-"))
        words = list(_WORD.finditer(text))
        for count in range(2, _LONGEST_NAME_WORDS + 1):
            for place in range(len(words) - count + 1):
                named = words[place : place + count]
                if self._named(" ".join(each.group() for each in named)):
                    yield named[0].start(), named[-1].end()


def typed(source: str, stream: str, record_id: str) -> str:
    """A record's id among those of all sources."""
    return f"{source}:{stream}:{record_id}"


def as_name(text: str) -> str:
    """A name as it is looked for in texts: its words."""
    return " ".join(_WORD.findall(text)[:_LONGEST_NAME_WORDS])


def texts_at(record: Any, path: str) -> list[str]:
    """The texts and numbers at a path, each of several in one text for itself."""
    found = []
    for _, _, value in _places(record, path.split(".")):
        if isinstance(value, str):
            found += [each for each in _SEVERAL.split(value) if each]
        elif isinstance(value, int) and not isinstance(value, bool):
            found.append(str(value))
    return found


def _pairs(record: Any, path: str, parents: str) -> Iterator[tuple[str, str]]:
    names = texts_at(record, parents[1:]) if parents.startswith("=") else [parents]
    for parent in names:
        for each in texts_at(record, path):
            yield parent, each


def _places(value: Any, parts: list[str]) -> Iterator[tuple[Any, Any, Any]]:
    """(holder, key, value) of what a path leads to; the elements of a list have the list as holder."""
    name, rest = parts[0].removesuffix("[]"), parts[1:]
    if not isinstance(value, dict):
        return
    for key in list(value) if name == "*" else [name] if name in value else []:
        if parts[0].endswith("[]"):
            if not isinstance(value[key], list):
                continue
            for each in value[key]:
                if rest:
                    yield from _places(each, rest)
                else:
                    yield value[key], None, each
        elif rest:
            yield from _places(value[key], rest)
        else:
            yield value, key, value[key]


def _strike_texts(part: dict[str, Any]) -> None:
    """What somebody wrote, in a part of a record that is theirs: a text has a blank, a word of the vendor's has none."""
    for key, value in part.items():
        if isinstance(value, str) and " " in value.strip():
            part[key] = STRUCK_OUT
        elif isinstance(value, dict):
            _strike_texts(value)
