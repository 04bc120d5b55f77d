"""Number formats: few digits, and always the same number of digits for the same quantity."""

_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -4, 5


def number(value: float, digits: int = 4) -> str:
    """``value`` with a number of significant digits, as ``1.234e-05`` below 0.0001 and from a million on."""
    text = f"{value + 0.0:.{digits - 1}e}"  # adding 0.0 turns -0.0 into 0.0
    exponent = text.partition("e")[2]
    if exponent and _SMALLEST_EXPONENT <= int(exponent) <= _LARGEST_EXPONENT:
        return f"{value + 0.0:.{max(0, digits - 1 - int(exponent))}f}"
    return text


def parameter(value: float) -> str:
    """A tracked parameter: two decimals, or three significant digits for small values."""
    return f"{value + 0.0:.2f}" if value == 0 or 0.1 <= abs(value) < 1e5 else number(value, 3)


def percent(share: float) -> str:
    """A share as per cent, rounded down, so that only 1 is 100%: `` 43%``."""
    return f"{int(share * 100):3d}%"


def clock_time(seconds: float) -> str:
    """A remaining time: ``0:07``, ``2:05``, ``1:02:05``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def duration(seconds: float) -> str:
    """A duration: ``9.82 ms``, ``14.2 s``, ``2 min 5 s``, ``1 h 2 min``."""
    if seconds < 0.0995:
        return f"{number(seconds * 1000, 3)} ms"
    if seconds < 99.95:
        return f"{number(seconds, 3)} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute} min" if hours else f"{minute} min {second} s"


def data_size(count: float) -> str:
    """A number of bytes with decimal units: ``784 B``, ``1.6 MB``."""
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def plural(count: int, noun: str) -> str:
    """``1 epoch``, ``1,000 epochs``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def ordinal(count: int) -> str:
    """``2nd``, ``10th``, ``1,000th``."""
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count:,}{ending}"


def aligned(texts: list[str]) -> list[str]:
    """The numbers padded to one width, aligned at the decimal point."""
    halves = [text.partition(".") for text in texts]
    before = max((len(whole) for whole, _, _ in halves), default=0)
    after = max((len(point + fraction) for _, point, fraction in halves), default=0)
    return [f"{whole:>{before}}{point + fraction:<{after}}" for whole, point, fraction in halves]
