"""Samples rows and users from the app's database, looking at a bounded number of rows."""

from __future__ import annotations

import difflib
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import (
    FieldDoesNotExist,
    FieldError,
    ImproperlyConfigured,
    ObjectDoesNotExist,
    ValidationError,
)
from django.db import DatabaseError, models

from .recipes import Source, pick, zipf
from .templates import WorkloadError

LOOKED_AT = 2000
"""Rows that are read at most to sample one source."""
STARTS = 20
"""Places of a larger table that are read from."""


@dataclass(frozen=True)
class Rows:
    """Distinct rows in order of rank, with the cumulative probability of each rank."""

    rows: list[dict[str, Any]]
    cumulative: tuple[float, ...]

    def draw(self, random: Callable[[], float]) -> Mapping[str, Any]:
        """Return one row, by field."""
        return self.rows[pick(self.cumulative, random())]


def sample_rows(source: Source, fields: Iterable[str], seed: int) -> Rows:
    """Sample a model's rows: distinct, with none of the fields null or empty.

    Raises :class:`WorkloadError` for an unknown model, field or filter, and where no row is left.
    """
    names = sorted(fields)
    queryset = _filtered(_model(source.model), json.loads(source.filter), source.model)
    try:
        looked_at = _look(queryset, names, _rng(seed, source))
    except FieldError as error:
        raise _no_such_field(queryset.model, source.model, names, error) from error
    except DatabaseError as error:
        raise _unreadable(source.model, error) from error
    if not looked_at:
        raise WorkloadError(
            f"no row of {source.describe()}", hint="seed the database, or change the recipe"
        )
    filled = [row for row in looked_at if all(value not in (None, "") for value in row)]
    if not filled:
        raise WorkloadError(
            f"{' and '.join(names)} of {source.describe()} is empty in all of the "
            f"{len(looked_at)} rows looked at",
            hint="add a filter to the recipe",
        )
    chosen = _shuffled(dict.fromkeys(filled), _rng(seed, source))[: source.sample]
    return Rows(
        [dict(zip(names, row, strict=True)) for row in chosen], zipf(len(chosen), source.skew)
    )


def _unreadable(model: str, error: DatabaseError) -> WorkloadError:
    return WorkloadError(
        f"cannot read {model}: {_first_line(error)}",
        hint="run manage.py migrate, or name settings whose database has data with --settings",
    )


def sample_users(filters: Mapping[str, Any], sample: int, seed: int, pool: str) -> list[Any]:
    """Sample users of the project's user model, active ones unless the filter says otherwise.

    Raises :class:`WorkloadError` for an unknown filter, and where no user is left.
    """
    try:
        model = get_user_model()
    except ImproperlyConfigured as error:
        raise WorkloadError(f"user pool {pool!r}: {_first_line(error)}") from error
    name = model._meta.label
    wanted = dict(filters)
    if "is_active" not in wanted and _has_field(model, "is_active"):
        wanted["is_active"] = True
    rng = random.Random(f"{seed}:users:{pool}")
    try:
        looked_at = _look(_filtered(model, wanted, name), [], rng)
        keys = _shuffled(dict.fromkeys(looked_at), rng)[:sample]
        users = model._default_manager.in_bulk([key for (key,) in keys])
    except DatabaseError as error:
        raise _unreadable(name, error) from error
    if not users:
        raise WorkloadError(
            f"user pool {pool!r}: no {name} matches {json.dumps(wanted, default=str)}",
            hint="seed the database, or change the pool's filter",
        )
    return [users[key] for (key,) in keys if key in users]


def user_attributes(user: Any, paths: Iterable[str], pool: str) -> dict[str, Any]:
    """Read dotted attributes of a user; of related objects the first is taken.

    Raises :class:`WorkloadError` for a user that lacks one.
    """
    return {path: _attribute(user, path, pool) for path in paths}


def _attribute(user: Any, path: str, pool: str) -> Any:
    value = user
    for name in path.split("."):
        try:
            value = getattr(value, name)
        except ObjectDoesNotExist:
            value = None
        except AttributeError:
            raise WorkloadError(
                f"{type(value).__name__} has no attribute {name!r} (of {{user: {path}}})"
            ) from None
        if isinstance(value, models.Manager):
            value = value.order_by("pk").first()
        elif callable(value):
            value = value()
        if value is None:
            first = path.split(".")[0]
            raise WorkloadError(
                f"a user of pool {pool!r} has no {path}",
                hint=f"leave such users out, as with `filter: {{{first}__isnull: false}}`",
            )
    return value


def _model(label: str) -> type[models.Model]:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        known = [model._meta.label for model in apps.get_models()]
        near = difflib.get_close_matches(label, known, n=1, cutoff=0.5)
        raise WorkloadError(
            f"the project has no model {label!r}", hint=f"did you mean {near[0]}?" if near else ""
        ) from None


def _filtered(
    model: type[models.Model], filters: Mapping[str, Any], label: str
) -> models.QuerySet[Any]:
    try:
        return model._default_manager.filter(**filters)
    except FieldError as error:
        raise WorkloadError(f"filter of {label}: {_first_line(error)}") from error
    except (ValueError, TypeError, ValidationError) as error:
        raise WorkloadError(f"filter of {label}: {_first_line(error)}") from error
    except Exception:
        # A manager that wants to know first whose rows are meant.
        return model._base_manager.filter(**filters)


def _look(
    queryset: models.QuerySet[Any], fields: list[str], rng: random.Random
) -> list[tuple[Any, ...]]:
    """Read at most about ``LOOKED_AT`` rows: the whole of a small table, places of a large one.

    Never ``ORDER BY random()``, ``COUNT`` or an offset, whose cost grows with the table.
    """
    ordered = queryset.order_by("pk").values_list(*(fields or ["pk"]))
    head = list(ordered[: LOOKED_AT + 1])
    if len(head) <= LOOKED_AT:
        return head
    if not isinstance(queryset.model._meta.pk, models.IntegerField):
        return head[:LOOKED_AT]
    ends = queryset.model._default_manager.aggregate(low=models.Min("pk"), high=models.Max("pk"))
    found: list[tuple[Any, ...]] = []
    for start in _starts(ends["low"], ends["high"], rng):
        found += ordered.filter(pk__gte=start)[: LOOKED_AT // STARTS]
    # The rows of a narrow filter may all lie between the starts.
    return found if len(found) >= LOOKED_AT // 2 else head[:LOOKED_AT]


def _starts(low: int, high: int, rng: random.Random) -> list[int]:
    """One random key in each of ``STARTS`` equal parts of the keys."""
    part = (high - low) / STARTS
    return [low + int((index + rng.random()) * part) for index in range(STARTS)]


def _shuffled(rows: Iterable[Any], rng: random.Random) -> list[Any]:
    """Shuffle by sorting on random keys, which no version of Python does otherwise."""
    keyed = [(rng.random(), row) for row in rows]
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _rng(seed: int, source: Source) -> random.Random:
    return random.Random(f"{seed}:{source.model}:{source.filter}")


def _no_such_field(
    model: type[models.Model], label: str, names: list[str], error: FieldError
) -> WorkloadError:
    known = ["pk", *(field.name for field in model._meta.get_fields())]
    for name in names:
        if name.split("__")[0] in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "it has " + ", ".join(sorted(known))
        return WorkloadError(f"{label} has no field {name!r}", hint=hint)
    return WorkloadError(f"{label}: {_first_line(error)}")


def _has_field(model: type[models.Model], name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def _first_line(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(error.messages)
    return str(error).split("\n", 1)[0]
