"""YAML text -> plain Python data, and the position of each value.

Works on the parser's events: one loop without recursion, so that deep nesting and aliases of aliases ("billion laughs")
are refused within bounded time and memory. YAML beyond plain data (tags, merge keys, keys that are not names, several
documents) is a problem, as is a duplicate key.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from mltrain.config.yaml_errors import Mark, YamlError, events, mark_of
from mltrain.config.yaml_scalars import resolve
from mltrain.errors import ConfigPath, Problem

DEEPEST = 32
"""The limit of nesting: five times the depth of the deepest config, far below Python's recursion limit."""

MOST_ALIASED = 100_000
"""The limit of values and characters after the expansion of aliases; a few lines can expand to billions."""

_MOST_PROBLEMS = 1000
"""The number of wrong keys and tags that are reported at most."""


class Document(NamedTuple):
    """The result of reading: plain data, and the problems of single values, each with its mark."""

    data: Any
    problems: dict[Problem, Mark]


class Marks(NamedTuple):
    """The marks of a value and of its key (the value's own mark if it has no key)."""

    key: Mark
    value: Mark


def read_yaml(text: str) -> Document:
    """Read one document; an empty text is None. Raises `YamlError` if the text is not valid YAML."""
    reader = _Reader()
    reader.read(text)
    return Document(reader.root, reader.problems)


def find_marks(text: str, paths: Collection[ConfigPath]) -> dict[ConfigPath, Marks]:
    """The positions of the given paths in a text that `read_yaml` has read, as far as it has them.

    A second pass through the text: only a config with problems needs it, and marks take more memory than the data.
    """
    reader = _Reader(frozenset(paths))
    reader.read(text)
    return reader.marks


class _Value(NamedTuple):
    """A value with the number of values (of characters, in texts) that it holds, and its levels of nesting."""

    content: Any
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class _Collection:
    """A mapping or list that is being read."""

    content: dict[str, Any] | list[Any]
    mark: Mark
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    key_mark: Mark = (1, 1)
    refused: bool = False  # the key is invalid, so its value has no path
    lines: dict[str, int] = field(default_factory=dict)  # the line of each key

    @property
    def awaits_key(self) -> bool:
        return self.key is None and isinstance(self.content, dict)

    def put(self, value: _Value) -> None:
        if isinstance(self.content, list):
            self.content.append(value.content)
        elif not self.refused:
            assert self.key is not None
            self.content[self.key] = value.content
        self.key, self.refused = None, False
        self.size += value.size
        self.height = max(self.height, value.height + 1)


class _Reader:
    def __init__(self, wanted: frozenset[ConfigPath] = frozenset()):
        self.root: Any = None
        self.problems: dict[Problem, Mark] = {}
        self.marks: dict[ConfigPath, Marks] = {}
        self._wanted = wanted
        self._open: list[_Collection] = []
        self._anchors: dict[str, _Value] = {}
        self._aliased = 0

    def read(self, text: str) -> None:
        documents = 0
        for event in events(text):
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                done = self._open.pop()
                self._add(_Value(done.content, done.size, done.height), done.mark, done.anchor)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlError(mark_of(event), "a second document begins here, but a config is one document")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        value, mark = resolve(event.value) if event.implicit[0] else event.value, mark_of(event)
        if self._open and self._open[-1].awaits_key:
            self._key(event.value, value, mark, plain=event.implicit[0])
            self._check_tag(event, mark)
        else:
            self._check_tag(event, mark)
            self._add(_Value(value, len(event.value) or 1), mark, event.anchor)

    def _key(self, text: str, value: Any, mark: Mark, *, plain: bool) -> None:
        parent = self._open[-1]
        parent.key, parent.key_mark = text, mark
        path = self._path()
        if value is None:
            problem = Problem(path[:-1], f"expected a name, got {text or 'nothing'}")
        elif text == "<<" and plain:
            advice = "write the options out, or use an alias for a whole value"
            problem = Problem(path, f"YAML 1.2 has no merge key '<<'; {advice}")
        elif text in parent.lines:
            problem = Problem(path, f"given twice, first on line {parent.lines[text]}; keep one")
        else:
            parent.lines[text] = mark[0]
            return
        parent.refused = True
        self._note(problem, mark)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        mark, is_mapping = mark_of(event), isinstance(event, yaml.MappingStartEvent)
        if self._open and self._open[-1].awaits_key:
            found = "a mapping" if is_mapping else "a list"
            raise YamlError(mark, f"expected a name, got {found}; text with brackets needs quotes")
        self._check_tag(event, mark)
        self._check_depth(1, mark)
        self._open.append(_Collection({} if is_mapping else [], mark, event.anchor))

    def _alias(self, event: yaml.AliasEvent) -> None:
        name, mark = event.anchor, mark_of(event)
        if any(collection.anchor == name for collection in self._open):
            raise YamlError(mark, f"'*{name}' stands for a value that it is itself part of")
        if name not in self._anchors:
            raise YamlError(mark, f"'*{name}' stands for nothing: there is no '&{name}' before it")
        value = self._anchors[name]
        if self._open and self._open[-1].awaits_key:
            raise YamlError(mark, f"expected a name, got the alias '*{name}'")
        self._aliased += value.size
        if self._aliased > MOST_ALIASED:
            raise YamlError(mark, f"the aliases up to here stand for more than {MOST_ALIASED:,} values or characters")
        self._check_depth(value.height, mark)
        self._add(value, mark, None)

    def _check_depth(self, height: int, mark: Mark) -> None:
        if len(self._open) + height > DEEPEST:
            raise YamlError(mark, f"nested more than {DEEPEST} levels deep")

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(Problem(self._path(), f"tags such as '{tag}' are not allowed; write a plain value"), mark)

    def _note(self, problem: Problem, mark: Mark) -> None:
        self.problems[problem] = mark
        if len(self.problems) > _MOST_PROBLEMS:
            raise YamlError(mark, f"more than {_MOST_PROBLEMS} keys and tags up to here are wrong; is this a config?")

    def _add(self, value: _Value, mark: Mark, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value
        if self._wanted:
            self._remember_mark(mark)
        if self._open:
            self._open[-1].put(value)
        else:
            self.root = value.content

    def _remember_mark(self, mark: Mark) -> None:
        path = self._path()
        if path in self._wanted and not any(collection.refused for collection in self._open):
            has_key = self._open and self._open[-1].key is not None
            self.marks[path] = Marks(self._open[-1].key_mark if has_key else mark, mark)

    def _path(self) -> ConfigPath:
        """The path of the value that is being read."""
        return tuple(
            len(collection.content) if isinstance(collection.content, list) else collection.key or ""
            for collection in self._open
        )
