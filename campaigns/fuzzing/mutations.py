"""Changes that need not know what they change: of bytes, of JSON, and of a text's words."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

INTERESTING = (0, 1, 2, 3, 7, 8, 16, 31, 32, 64, 127, 128, 255, 256, 1000, 2**15, 2**16 - 1, 2**16, 10**6)
HUGE = (2**31 - 1, 2**31, 2**32 - 1, 2**32, 10**12, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 10**30)
TEXTS = (
    "",
    "\0",
    "\n",
    "'",
    '"',
    "\\",
    "{",
    "}",
    "[",
    "](",
    ":",
    "#",
    "&a",
    "*a",
    "!!python/object",
    "<<",
    "é",
    "\u202e",
    "\ud800",
)


def change_bytes(rng: Random, content: bytes, others: Sequence[bytes] = ()) -> bytes:
    """One to four changes: bits, bytes, numbers, pieces cut out, doubled, moved, or taken from other files."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        place = rng.randrange(len(data)) if data else 0
        length = min(rng.choice((1, 1, 2, 4, 8, 16, 64, 500)), len(data) - place)
        match rng.randrange(9):
            case 0 if data:
                data[place] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 2:
                data[place : place + length] = b""
            case 3:
                data[place:place] = rng.randbytes(length)
            case 4:
                data[place:place] = data[place : place + length]
            case 5:
                there = rng.randrange(len(data) + 1)
                data[there:there] = data[place : place + length]
            case 6:
                width = rng.choice((1, 2, 4, 8))
                number = rng.choice((*INTERESTING, *HUGE)) % 2 ** (8 * width)
                data[place : place + width] = number.to_bytes(width, rng.choice(("little", "big")))
            case 7:
                del data[place:]
            case _ if others:
                other = rng.choice(others)
                start = rng.randrange(len(other) or 1)
                data[place : place + length] = other[start : start + length]
    return bytes(data)


def change_tree(rng: Random, tree: Any) -> Any:
    """JSON data with a few of its values replaced, removed, doubled, renamed or wrapped. The tree itself is changed."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holder, key = rng.choice(_places(tree))
        value = holder[key]
        match rng.randrange(8):
            case 0 | 1 | 2:
                holder[key] = _value(rng, value)
            case 3:
                del holder[key]
            case 4 if isinstance(holder, dict):
                holder[rng.choice((key + "_", "type", "name", *TEXTS))] = value
            case 5 if isinstance(holder, list):
                holder.insert(key, value)
            case 6:
                other, there = rng.choice(_places(tree) or [(holder, key)])
                holder[key] = (
                    json.loads(json.dumps(other[there])) if key in holder or isinstance(holder, list) else value
                )
            case _:
                holder[key] = rng.choice(([value], {"type": value}, [value] * 50, {"": value}, [[[[[value]]]]]))
        if not _places(tree):
            break
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Each value in lists and mappings: what holds it, and where."""
    found, waiting = [], [tree]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _value(rng: Random, value: Any) -> Any:
    """Another value, often of the same kind."""
    if isinstance(value, bool) or value is None or rng.random() < 0.3:
        return rng.choice((None, True, False, [], {}, "", 0, -1, 1.5, float("nan"), float("inf"), *HUGE, *TEXTS))
    if isinstance(value, int):
        return rng.choice((*INTERESTING, *HUGE, -value, value + 1, value - 1, float(value), str(value)))
    if isinstance(value, float):
        return rng.choice((0.0, -value, value * 1e300, 5e-324, 1e-45, 1e39, float("inf"), float("nan"), 7))
    if isinstance(value, str):
        return rng.choice((value + rng.choice(TEXTS), value[:-1], value * 100, value.upper(), rng.choice(TEXTS)))
    return rng.choice(([], {}, None, [value], list(value) * 2))


def change_text(rng: Random, text: str, words: Sequence[str]) -> bytes:
    """A text of lines with some of them moved, doubled, indented, cut, or with ``words`` put into them; then UTF-8."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        index = rng.randrange(len(lines))
        line = lines[index]
        place = rng.randrange(len(line) + 1)
        match rng.randrange(8):
            case 0:
                lines.insert(rng.randrange(len(lines) + 1), line)
            case 1 if len(lines) > 1:
                del lines[index]
            case 2:
                lines[index] = rng.choice((" ", "  ", "\t", "- ", "\ufeff")) + line
            case 3:
                lines[index] = line[:place]
            case 4:
                lines[index] = line[:place] + rng.choice(words) * rng.choice((1, 1, 1, 2, 50)) + line[place:]
            case 5:
                lines[index] = line[:place] + str(rng.choice((*INTERESTING, *HUGE, 1e309, -1, 1e-9))) + line[place:]
            case 6:
                parts = line.split(" ")
                parts[rng.randrange(len(parts))] = rng.choice(words)
                lines[index] = " ".join(parts)
            case _:
                other = rng.randrange(len(lines))
                lines[index], lines[other] = lines[other], line
    return "\n".join(lines).encode("utf-8", "surrogatepass")
