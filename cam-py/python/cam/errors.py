"""What can go wrong: one base class, and one class for each kind of error of the core.

Every exception says in one sentence where, which rule, and what was got, and carries

- ``kind``: a short stable name, such as ``"invalid_data"``;
- ``code``: its stable number, which is the status code of the C library;
- ``row``: the row concerned, counted from 0, or ``None``;
- ``field``: the column, parameter or option concerned, or ``None``.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AssumptionWarning",
    "CamError",
    "ConvergenceWarning",
    "InternalError",
    "InvalidDataError",
    "InvalidDocumentError",
    "InvalidParameterError",
    "InvalidShapeError",
    "NotEnoughDataError",
    "NotFittedError",
    "NumericalError",
    "UnitWarning",
    "UnknownNameError",
    "UnsupportedError",
]


class CamError(Exception):
    """The base of all exceptions of cam."""

    kind: ClassVar[str] = "error"
    code: ClassVar[int] = 98

    def __init__(self, message: str, *, row: int | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.row = row
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), str(self), self.row, self.field)


class InvalidParameterError(CamError, ValueError):
    """A parameter, option or argument lies outside its domain."""

    kind = "invalid_parameter"
    code = 1


class InvalidDataError(CamError, ValueError):
    """A row of the data breaks a rule; ``row`` says which."""

    kind = "invalid_data"
    code = 2


class InvalidShapeError(CamError, ValueError):
    """Columns are missing, empty, of unequal length or of the wrong type."""

    kind = "invalid_shape"
    code = 3


class UnknownNameError(CamError, ValueError):
    """No model, quantity, column, unit or option of that name."""

    kind = "unknown_name"
    code = 4


class InvalidDocumentError(CamError, ValueError):
    """A stored document cannot be read: not JSON, not ours, or of a later version."""

    kind = "invalid_document"
    code = 5


class NotEnoughDataError(CamError, ValueError):
    """The data are well formed, but too few or too uniform for the model to be estimated."""

    kind = "not_enough_data"
    code = 6


class NumericalError(CamError, ArithmeticError):
    """A computation left the range in which it can be carried out."""

    kind = "numerical"
    code = 7


class UnsupportedError(CamError, NotImplementedError):
    """The model does not define what was asked of it."""

    kind = "unsupported"
    code = 9


class InternalError(CamError, RuntimeError):
    """A defect in cam itself: please report it."""

    kind = "internal"
    code = 99


class NotFittedError(UnsupportedError, AttributeError):
    """The model has no parameters yet: call ``fit`` or ``from_params`` first."""


class ConvergenceWarning(UserWarning):
    """A fit did not end at a maximum; the message names the parameters that ran away."""


class AssumptionWarning(UserWarning):
    """The data contradict an assumption of the model: significantly, and so much that it matters; the message says which."""


class UnitWarning(UserWarning):
    """One of model and frame knows its unit of time and the other does not, so nobody can check that they agree."""


_BY_CODE: dict[int, type[CamError]] = {
    cls.code: cls
    for cls in (
        InvalidParameterError,
        InvalidDataError,
        InvalidShapeError,
        UnknownNameError,
        InvalidDocumentError,
        NotEnoughDataError,
        NumericalError,
        UnsupportedError,
        InternalError,
    )
}


def from_code(code: int, message: str, row: int | None, field: str | None) -> CamError:
    """Make the exception for a status code of the core."""
    return _BY_CODE.get(code, CamError)(message, row=row, field=field)


def _restore(cls: type[CamError], message: str, row: int | None, field: str | None) -> CamError:
    return cls(message, row=row, field=field)
