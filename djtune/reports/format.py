"""Figures as text, the same in every report: three significant digits, a space, the unit.

Every formatter takes ``None`` or NaN for "not known" and answers ``n/a``; infinity is ``∞``.
"""

import math
import re
from collections.abc import Callable

from djtune.reports.blocks import Unit

NA = "n/a"
MINUS = "\N{MINUS SIGN}"
INFINITY = "∞"

_DURATIONS = (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0))
_SIZES = (("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12))
_PREFIXED = re.compile(
    r"^(?:[<>≤≥≈~]\s*)?([-−]?\d[\d,]*(?:\.\d+)?)\s*(%|×|ns|µs|ms|s|min|h|days|[kMGT]?B)?"
)
_SCALE = {
    "": 1.0,
    "%": 0.01,
    "×": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "days": 86_400.0,
    **dict(_DURATIONS),
    **dict(_SIZES),
}

Formatter = Callable[[float | None], str]


def na(reason: str = "") -> str:
    """A figure that cannot be given, and why: ``n/a (72 requests needed)``."""
    return f"{NA} ({reason})" if reason else NA


def duration(seconds: float | None) -> str:
    """``850 ns``, ``12.3 ms``, ``1.23 s``; from two minutes on ``2 min 5 s``, ``1 h 20 min`` and
    ``14.0 days``."""
    if seconds is None or not math.isfinite(seconds):
        return _special(seconds)
    if abs(seconds) >= 119.5:
        return _sign(seconds) + _clock(round(abs(seconds)))
    return _with_unit(seconds, _DURATIONS, zero="0 s")


def size(bytes: float | None) -> str:
    """``512 B``, ``1.23 kB``, ``45.6 MB``: decimal units, 1 kB = 1000 bytes."""
    if bytes is None or not math.isfinite(bytes):
        return _special(bytes)
    if abs(bytes) < 999.5 and float(bytes).is_integer():
        return f"{_signed(bytes, '.0f')} B"
    return _with_unit(bytes, _SIZES, zero="0 B")


def share(fraction: float | None) -> str:
    """A part of a whole: ``0.241`` is ``24.1 %``; what is there but tiny is ``<0.01 %``."""
    if fraction is None or not math.isfinite(fraction):
        return _special(fraction)
    percent = abs(fraction * 100)
    if percent == 0 or percent == 100:
        return f"{_signed(fraction * 100, '.0f')} %"
    if percent < 0.005:
        return "<0.01 %" if fraction > 0 else f">{MINUS}0.01 %"
    return f"{_signed(fraction * 100, '.1f' if percent >= 0.995 else '.2f')} %"


def ratio(x: float | None) -> str:
    """How many times: ``4.06×``, ``0.98×``, ``12.3×``."""
    if x is None or not math.isfinite(x):
        return _special(x)
    return f"{_signed(x, '.2f') if 0.1 <= abs(x) < 9.995 else _significant(x)}×"


def count(n: float | None) -> str:
    """``12``, ``1,234,567``; a mean of counts has three significant digits: ``12.4``."""
    if n is None or not math.isfinite(n):
        return _special(n)
    return _signed(n, ",.0f") if float(n).is_integer() else _significant(n)


def plural(n: int, one: str, many: str) -> str:
    """A number of things: ``1 process``, ``1,234 processes``."""
    return f"{n:,} {one if n == 1 else many}"


def interval(
    low: float | None, high: float | None, fmt: Formatter, value: float | None = None
) -> str:
    """A 95 % interval in brackets, the unit once: ``[11.9–12.8 ms]``.

    With the ``value`` that stands beside it the unit goes where it is the same: ``[11.9–12.8]``.
    Empty without bounds; an open end is ``∞``; one figure where both bounds read the same.
    """
    if low is None and high is None:
        return ""
    lower = fmt(-math.inf if low is None else low)
    upper = fmt(math.inf if high is None else high)
    if lower == upper:
        return f"[{lower}]"
    dash = " to " if MINUS in lower + upper else "–"
    number, unit = _split(lower)
    if unit is not None and unit == _split(upper)[1]:
        lower = number
        if value is not None and unit == _split(fmt(value))[1]:
            upper = _split(upper)[0]
    return f"[{lower}{dash}{upper}]"


def with_interval(
    value: float | None, low: float | None, high: float | None, fmt: Formatter
) -> str:
    """A figure and its interval: ``12.3 ms [11.9–12.8]``."""
    return f"{fmt(value)} {interval(low, high, fmt, value)}".rstrip()


def by_unit(unit: Unit) -> Formatter:
    """The formatter of an axis's unit."""
    return {"": count, "s": duration, "B": size, "share": share, "ratio": ratio}[unit]


def ticks(values: list[float], unit: Unit, *, log: bool = False) -> list[str]:
    """Round figures along an axis: ``0``, ``0.5 s``, ``1 s``.

    They share one unit, but on a logarithmic axis, where each has its own.
    """
    if log:
        return [tick(value, unit) for value in values]
    scale = {"s": _DURATIONS, "B": _SIZES}.get(unit)
    if scale is None:
        return [tick(value, unit) for value in values]
    largest = max(map(abs, values), default=0.0)
    name, factor = next((u for u in reversed(scale) if u[1] <= largest * 1.0001), scale[0])
    return [f"{_sign(v)}{abs(v) / factor:,.5g} {name}" if v else "0" for v in values]


def tick(value: float, unit: Unit) -> str:
    """A round figure on an axis without the zeros that it ends with: ``10 ms``, not ``10.0 ms``."""
    return re.sub(r"\.0+(?!\d)|(\.\d*[1-9])0+(?!\d)", r"\1", by_unit(unit)(value))


def value_of(text: str) -> float | None:
    """The figure that a text starts with, in base units; ``None`` where it starts with none.

    The inverse of the formatters, up to their rounding; tables are sorted by it.
    """
    if text.startswith((INFINITY, MINUS + INFINITY)):
        return math.inf if text.startswith(INFINITY) else -math.inf
    match = _PREFIXED.match(text)
    if match is None:
        return None
    number = float(match[1].replace(",", "").replace(MINUS, "-"))
    value = number * _SCALE[match[2] or ""]
    if match[2] in ("min", "h"):
        rest = value_of(text[match.end() :].lstrip()) or 0.0
        return value + math.copysign(rest, value)
    return value


def _special(x: float | None) -> str:
    if x is None or math.isnan(x):
        return NA
    return _sign(x) + INFINITY


def _sign(x: float) -> str:
    return MINUS if x < 0 else ""


def _signed(x: float, spec: str) -> str:
    """Formatted with a real minus sign, and never as minus zero."""
    text = format(abs(x), spec)
    return _sign(x) + text if text.strip("0.") else text


def _significant(x: float) -> str:
    """Three significant digits without an exponent: ``0.0123``, ``1.23``, ``1,235``."""
    if abs(x) < 1e-12:
        return "0"
    exponent = math.floor(math.log10(abs(x)))
    if round(abs(x) / 10**exponent, 2) >= 10:  # 9.996 is shown as 10.0
        exponent += 1
    return _signed(x, f",.{max(2 - exponent, 0)}f")


def _with_unit(x: float, units: tuple[tuple[str, float], ...], zero: str) -> str:
    if abs(x) < 1e-12:
        return zero
    for name, factor in units[:-1]:
        if abs(x) / factor < 999.5:
            return f"{_significant(x / factor)} {name}"
    name, factor = units[-1]
    return f"{_significant(x / factor)} {name}"


def _clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes + (seconds >= 30), 60)
    if hours >= 48:
        return f"{_significant(hours / 24 + minutes / 1440)} days"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _split(text: str) -> tuple[str, str | None]:
    """A figure's number and unit; the unit is ``None`` where they cannot be taken apart."""
    match = re.fullmatch(r"([−]?\d[\d,]*(?:\.\d+)?)(\s?[^\d\s]*)", text)
    return (match[1], match[2]) if match else (text, None)
