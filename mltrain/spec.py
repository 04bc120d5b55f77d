"""What a layer, loss, optimizer, dataset ... is before anything runs: a frozen description that is its own schema.

A `Spec` is written once, as a struct whose fields carry their bounds and one line of help. Config validation, the JSON
Schema, ``mltrain explain`` and the reference pages read those fields; nothing about an option is written twice.

A `Family` is all specs of one kind, found by looking into a package: the file ``engine/layers/dense.py`` *is* the
layer ``dense``. Adding a file is all it takes to add a member, and listing the names imports none of them.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, ClassVar, dataclass_transform

import msgspec


class SpecMeta(msgspec.StructMeta):
    """Makes every spec frozen, with fields by keyword, and tagged with the name of its file."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        tag = namespace["__module__"].rpartition(".")[2]
        return super().__new__(
            mcls,
            name,
            bases,
            namespace,
            frozen=True,
            kw_only=True,
            forbid_unknown_fields=True,
            tag_field="type",
            tag=tag,
        )


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Spec(msgspec.Struct, metaclass=SpecMeta):
    """Base of all descriptions. The first line of a member's docstring is its one-line help.

    ``examples`` are one or two configurations (fields by name) that the contract tests run; ``aliases`` are other
    names by which a config may ask for the member.
    """

    family: ClassVar["Family"]
    aliases: ClassVar[tuple[str, ...]] = ()
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({},)

    @classmethod
    def type_name(cls) -> str:
        """The name under which configs ask for this spec: that of its file."""
        return cls.__module__.rpartition(".")[2]


class Family:
    """All specs of one kind: the members of one or more packages, one a file, named after it.

    ``noun`` is what messages call a member ("layer"). ``base.py`` holds the contract, and files whose names begin with
    an underscore are helpers.
    """

    def __init__(self, noun: str, *packages: str):
        self.noun = noun
        self._packages = packages
        self._modules: dict[str, str] = {}
        self._members: dict[str, type[Spec]] = {}

    def __iter__(self) -> Iterator[type[Spec]]:
        return (self._load(name) for name in self.names())

    def names(self) -> tuple[str, ...]:
        """Names of all members, sorted, without importing them."""
        if not self._modules:
            for package in self._packages:
                path = importlib.import_module(package).__path__
                found = (
                    module.name
                    for module in pkgutil.iter_modules(path)
                    if module.name != "base" and module.name[0] != "_"
                )
                self._modules.update({name: f"{package}.{name}" for name in found})
        return tuple(sorted(self._modules))

    def aliases(self) -> dict[str, str]:
        """Other accepted names, each with the name that it stands for."""
        return {alias: member.type_name() for member in self for alias in member.aliases}

    def find(self, name: str) -> type[Spec] | None:
        """The member called ``name`` (or one of its aliases), or None."""
        if name not in self.names():
            name = self.aliases().get(name, "")
        return self._load(name) if name in self._modules else None

    def _load(self, name: str) -> type[Spec]:
        if name in self._members:
            return self._members[name]
        module = importlib.import_module(self._modules[name])
        members: list[type[Spec]] = [value for value in vars(module).values() if _is_member(value, module.__name__)]
        if len(members) != 1:
            raise TypeError(f"{module.__name__} must define one {self.noun}, found {len(members)}")
        self._members[name] = members[0]
        return members[0]


def _is_member(value: object, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, Spec) and value.__module__ == module
