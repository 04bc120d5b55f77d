"""The words of texts in an ONNX graph: from code points to how often each word occurs.

ai.onnx splits texts only at separators that are listed, and compares letters only as they are. So texts come as numbers
of characters, and tables say what each character is (`mltrain.export.words`). All values are (rows, places): a row's
characters with a zero on either side, so that each has two neighbours.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mltrain.export.onnx_graph import Graph
from mltrain.export.words import KINDS, LONGEST_NUMBER, Alphabet, Is

_PAGE = 256
"""Characters in a row that are stored once where they are of the same classes as others: most are letters of scripts
that no word has."""


def word_counts(graph: Graph, words: Sequence[str], texts: str) -> str:
    """How often each of the words occurs, (rows, words), in texts (rows, characters) of int32."""
    alphabet, longest = Alphabet.of(words), max(map(len, words))
    # A word is a sum: its codes times a random number for each place, modulo 2^64. Other words have the same sum as
    # seldom as 64 random bits agree.
    factors = np.random.default_rng(0).integers(1, 2**63, longest + 1, np.int64)
    places = _Places(graph, alphabet, graph("Pad", texts, np.array([0, 1, 0, 1])))
    token, within = places.tokens()
    factor = graph("Gather", factors, graph("Min", within, longest))
    code = graph("Mul", places.of([one.code for one in alphabet.characters]), places.part)
    sums = places.total(token, graph("Mul", code, factor))
    digits, letters = (places.total(token, one) for one in (places.having(Is.NUMERIC), places.part))
    number_sums = np.array(alphabet.numbers) * factors[0]
    number = graph("Gather", number_sums, graph("Min", digits, LONGEST_NUMBER))
    is_number = graph("And", graph("Equal", digits, letters), graph("Greater", letters, 0))
    sums = graph("Where", is_number, number, sums)
    known = [int((np.array(codes) * factors[: len(codes)]).sum()) for codes in alphabet.codes]
    return graph(
        "TfIdfVectorizer",
        sums,
        mode="TF",
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=list(range(len(known))),
        pool_int64s=known,
    )


class _Places:
    """The characters of all rows, by their class; ``part`` is 1 for those of a word, else 0."""

    def __init__(self, graph: Graph, alphabet: Alphabet, characters: str):
        self.graph, self.alphabet = graph, alphabet
        self.zeros = graph("Cast", graph("Mul", characters, graph("Cast", 0, to="int32")), to="int64")
        self.classes = self._classes(characters)
        self.part = ""

    def of(self, values: Sequence[int] | npt.NDArray[np.int64]) -> str:
        """The value of each character, where each class has one."""
        return self.graph("Gather", np.array(values, np.int64), self.classes)

    def having(self, flags: int, without: int = 0) -> str:
        """1 for characters with any of the flags and none of ``without``, else 0."""
        all_flags = [one.flags for one in self.alphabet.characters]
        return self.of([int(bool(one & flags) and not one & without) for one in all_flags])

    def before(self, values: str) -> str:
        """For each place, the value of the place before."""
        return self.graph("Slice", self.graph("Pad", values, np.array([0, 1, 0, 0])), *_span(0, -1))

    def behind(self, values: str) -> str:
        """For each place, the value of the next one."""
        return self.graph("Slice", self.graph("Pad", values, np.array([0, 0, 0, 1])), *_span(1, 2**31))

    def total(self, groups: str, values: str) -> str:
        """The sums of the values of each group, at the place that is the group's number."""
        return self.graph("ScatterElements", self.zeros, groups, values, axis=1, reduction="add")

    def counted(self, values: str) -> str:
        """The sum of the values up to each place, itself included."""
        return self.graph("CumSum", values, np.array(1))

    def since(self, starts: str, values: str) -> str:
        """At each place, by how much a sum has grown since the last start."""
        number = self.counted(starts)
        first = self.total(self.graph("Mul", number, starts), self.graph("Mul", values, starts))
        return self.graph("Sub", values, self.graph("GatherElements", first, number, axis=1))

    def tokens(self) -> tuple[str, str]:
        """The number of the word that each character is of, from 1 on (0: of none), and its place in that word."""
        graph = self.graph
        letter, open_letter = self.having(Is.LETTER), self.having(Is.LETTER, Is.END)
        link = graph("Mul", self.having(Is.APOSTROPHE), graph("Mul", self.before(open_letter), self.behind(letter)))
        # Of letters that apostrophes link, each second apostrophe parts words: a'b'c'd is a'b and c'd.
        chain = graph("Add", letter, link)
        is_open = graph("Add", open_letter, link)
        starts = graph("Mul", chain, graph("Sub", 1, self.before(is_open)))
        joined = graph("Mul", link, graph("Mod", self.since(starts, self.counted(link)), 2))
        kinds = self.of([one.flags & KINDS & ~Is.APOSTROPHE for one in self.alphabet.characters])
        kind = graph("Add", kinds, graph("Mul", joined, Is.LETTER))
        self.part = graph("Min", kind, 1)
        goes_on = graph("Cast", graph("Equal", kind, self.before(kind)), to="int64")
        ends = self.before(self.having(Is.END | Is.SIGN))
        begins = graph("Mul", self.part, graph("Sub", 1, graph("Mul", goes_on, graph("Sub", 1, ends))))
        token = graph("Mul", self.counted(begins), self.part)
        return token, self.since(begins, self.counted(graph("Add", self.zeros, 1)))

    def _classes(self, characters: str) -> str:
        graph, classes = self.graph, self.alphabet.classes
        pages, page_of = np.unique(_paged(classes), axis=0, return_inverse=True)
        code = graph("Min", graph("Max", graph("Cast", characters, to="int64"), 0), len(page_of) * _PAGE - 1)
        page = graph(
            "Gather", page_of.ravel().astype(np.uint8 if len(pages) < 256 else np.int32), graph("Div", code, _PAGE)
        )
        place = graph("Add", graph("Mul", graph("Cast", page, to="int64"), _PAGE), graph("Mod", code, _PAGE))
        table = pages.ravel().astype(np.uint8 if pages.max() < 256 else np.int32)
        found = graph("Cast", graph("Gather", graph.constant(table, "characters"), place), to="int64")
        if not self.alphabet.final_sigma:
            return found
        self.classes = found
        seen = self.counted(graph("Sub", 1, self.having(Is.IGNORED)))
        cased = self.total(graph("Mul", seen, self.having(Is.CASED)), self.having(Is.CASED))
        cased = graph("Pad", cased, np.array([0, 1, 0, 2]))  # one place later, so that there is one before
        before = graph("GatherElements", cased, seen, axis=1)
        behind = graph("GatherElements", cased, graph("Add", seen, 2), axis=1)
        is_final = graph("Mul", before, graph("Sub", 1, behind))
        is_final = graph("Mul", is_final, self.of([int(one.is_capital_sigma) for one in self.alphabet.characters]))
        return graph("Where", graph("Cast", is_final, to="bool"), int(self.alphabet.final_sigma), found)


def _paged(classes: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """The classes in pages; the last place is of class 0, and stands for all code points behind the last page."""
    return np.pad(classes, (0, _PAGE - len(classes) % _PAGE)).reshape(-1, _PAGE)


def _span(start: int, end: int) -> tuple[npt.NDArray[np.int64], ...]:
    return np.array([start]), np.array([end]), np.array([1])
