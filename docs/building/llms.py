"""What the site says to a language model: `llms.txt`, its pages in order with a sentence on each.

`llms-full.txt` has the text of the written pages as well, in one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])(?:\{[^}]*\})?")
_FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.:!?])\s(?=[A-Z`*])")


@dataclass(frozen=True, slots=True)
class Text:
    """A page as the files tell of it."""

    section: str
    url: str
    markdown: str
    is_written: bool
    """By hand: the others are made from what the packages say."""

    @property
    def title(self) -> str:
        """Its heading, which says more than the menu has room for."""
        return self.markdown.lstrip().partition("\n")[0].removeprefix("# ")

    @property
    def summary(self) -> str:
        """The first sentence below its title."""
        for paragraph in re.split(r"\n\s*\n", _FENCE.sub("", self.markdown)):
            if paragraph[:1].isalnum() or paragraph[:1] in {"`", "*"}:
                plain = " ".join(_LINK.sub(r"\1", paragraph).split())
                return _SENTENCE.split(plain)[0].rstrip(":")
        return ""


def index(name: str, description: str, texts: Iterable[Text]) -> str:
    """The text of ``llms.txt``: <https://llmstxt.org>."""
    return "\n".join([f"# {name}", "", f"> {description}", *_rows(texts), ""])


def _rows(texts: Iterable[Text]) -> Iterator[str]:
    section = None
    for text in texts:
        if text.section != section:
            section = text.section
            yield f"\n## {section}\n"
        summary = text.summary
        yield f"- [{text.title}]({text.url})" + (f": {summary}" if summary else "")


def full(texts: Iterable[Text]) -> str:
    """The text of ``llms-full.txt``."""
    written = [text for text in texts if text.is_written]
    return "\n".join(f"<!-- {text.url} -->\n\n{text.markdown.strip()}\n" for text in written)
