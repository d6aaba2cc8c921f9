"""Vega's SVG made smaller and given to the page: its colours and font, and one description instead of a thousand."""

import re
from collections.abc import Mapping
from xml.etree import ElementTree

_NAMESPACE = "http://www.w3.org/2000/svg"
# What Vega writes for its own use, or what the page's style says once.
_NEEDLESS = {
    "class", "role", "font-family", "pointer-events", "version", "stroke-miterlimit", "font-weight",
}  # fmt: skip
_DEFAULTS = {"opacity": "1", "stroke-width": "1", "font-size": "11px", "transform": "translate(0,0)"}
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")


def slim(svg: str, description: str, colours: Mapping[str, str]) -> str:
    """The same picture; `colours`: by colour as Vega writes it, the name of the page's variable for it."""
    root = ElementTree.fromstring(svg)
    _clean(root, colours)
    for name in list(root.attrib):
        if name not in ("viewBox", "width", "height"):
            del root.attrib[name]
    root.attrib = {"role": "img", "aria-label": description, **root.attrib}
    ElementTree.register_namespace("", _NAMESPACE)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True).replace(" />", "/>")


def _clean(element: ElementTree.Element, colours: Mapping[str, str]) -> None:
    for name, value in list(element.attrib.items()):
        plain = name.rpartition("}")[2]
        if plain in _NEEDLESS or plain.startswith("aria-") or _DEFAULTS.get(plain) == value:
            del element.attrib[name]
        elif value in colours:
            element.attrib[name] = f"var(--{colours[value]})"
        else:
            element.attrib[name] = (
                value[:4] if plain == "fill-opacity" else re.sub(r"-?\d+\.\d{2,}", _rounded, value)
            )
    circle = _CIRCLE.fullmatch(element.attrib.get("d", ""))
    if circle:
        del element.attrib["d"]
        element.tag = f"{{{_NAMESPACE}}}circle"
        element.attrib["r"] = circle[1]
    for child in list(element):
        _clean(child, colours)
    _unwrap(element)
    _hoist(element)


def _unwrap(element: ElementTree.Element) -> None:
    """Leave out what draws nothing, and groups that say nothing."""
    kept: list[ElementTree.Element] = []
    for child in element:
        tag = child.tag.rpartition("}")[2]
        is_drawn = child.attrib.get("fill", "none") != "none" or "stroke" in child.attrib
        if tag == "path" and (
            not child.attrib.get("d") or child.attrib.get("display") == "none" or not is_drawn
        ):
            continue
        if tag == "g" and not child.attrib:
            kept.extend(child)
        elif tag != "g" or len(child):
            kept.append(child)
    element[:] = kept


# What a group passes on to its members, and the members that it does nothing to.
_INHERITED: dict[str, frozenset[str]] = {
    "fill": frozenset({"line"}), "stroke": frozenset(), "text-anchor": frozenset({"line", "path", "circle"}),
    "stroke-width": frozenset({"text"}),
}  # fmt: skip


def _hoist(element: ElementTree.Element) -> None:
    """Say once in a group what all its members say."""
    if element.tag.rpartition("}")[2] != "g" or len(element) < 2:
        return
    for name, unmoved in _INHERITED.items():
        said = {child.attrib[name] for child in element if name in child.attrib}
        silent = {child.tag.rpartition("}")[2] for child in element if name not in child.attrib}
        if len(said) == 1 and silent <= unmoved:
            element.attrib[name] = said.pop()
            for child in element:
                child.attrib.pop(name, None)


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")
