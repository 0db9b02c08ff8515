from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Observer = Callable[[str, int, int | None, float], object] | None

__all__ = [
    "Fitted",
    "SummaryBuilder",
    "__version__",
    "cohort_table",
    "customer_lifetime_value",
    "deliberate_panic",
    "fit",
    "from_json",
    "models",
    "run",
    "tasks",
    "with_parameters",
]

__version__: str

@final
class Fitted:
    @property
    def id(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def parameters(self) -> list[float]: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def covariates(self) -> str | None: ...
    def given(self, columns: Mapping[str, _Floats]) -> Fitted: ...
    @property
    def estimated(self) -> bool: ...
    @property
    def sampled(self) -> bool: ...
    @property
    def free(self) -> int: ...
    def posterior(self) -> tuple[dict[str, _Floats], str]: ...
    def report(self) -> tuple[float, float, int, int, float, str, list[str]]: ...
    def checks(self) -> list[tuple[str, float, float, bool, str]]: ...
    def covariance(self) -> _Floats: ...
    def confidence_intervals(self, level: float) -> list[tuple[float, float]]: ...
    def information_criteria(self) -> tuple[float, float]: ...
    def to_json(self) -> str: ...
    def score(
        self,
        quantity: str,
        columns: Mapping[str, _Floats],
        unit: str | None = None,
        threads: int = 0,
        progress: _Observer = None,
    ) -> _Floats: ...
    def new_customer(self, quantity: str) -> float: ...
    def simulate(
        self, columns: Mapping[str, _Floats], seed: int, threads: int = 0, progress: _Observer = None
    ) -> dict[str, _Floats]: ...

@final
class SummaryBuilder:
    def __new__(
        cls,
        unit: str = "D",
        period: str = "D",
        observation_end: tuple[str, Any] | None = None,
        calibration_ends: list[tuple[str, Any]] | None = None,
        numbers_in: str = "D",
        include_first_transaction: bool = False,
        refunds: str = "net",
        drop_zero_amounts: bool = False,
        log_intervals: bool = False,
        opportunities: bool = False,
        spread: str | None = None,
    ) -> SummaryBuilder: ...
    def push(
        self,
        keys: Any,
        time_kind: str,
        times: Any,
        amounts: _Floats | None = None,
        threads: int = 0,
        progress: _Observer = None,
    ) -> None: ...
    def whole(
        self,
        keys: Any,
        time_kind: str,
        times: Any,
        amounts: _Floats | None = None,
        threads: int = 0,
        progress: _Observer = None,
    ) -> list[tuple[Any, dict[str, _Floats], dict[str, Any]]]: ...
    def regularity(
        self,
        method: str,
        keys: Any,
        time_kind: str,
        times: Any,
        amounts: _Floats | None = None,
        threads: int = 0,
        progress: _Observer = None,
    ) -> tuple[float, float | None, int]: ...
    def merge(self, other: SummaryBuilder) -> None: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> SummaryBuilder: ...
    def tracking(
        self, step: str, threads: int = 0, progress: _Observer = None
    ) -> tuple[dict[str, _Floats], float, int]: ...
    def size(self) -> tuple[int, int, int]: ...
    def finish(
        self, threads: int = 0, progress: _Observer = None
    ) -> list[tuple[Any, dict[str, _Floats], dict[str, Any]]]: ...

def models() -> str: ...
def fit(
    id: str,
    columns: Mapping[str, _Floats],
    unit: str | None = None,
    options: str = "{}",
    threads: int = 0,
    progress: _Observer = None,
) -> Fitted: ...
def with_parameters(id: str, parameters: list[float], unit: str | None = None) -> Fitted: ...
def from_json(text: str) -> Fitted: ...
def tasks() -> str: ...
def run(
    task: str,
    columns: Mapping[str, _Floats],
    options: str = "{}",
    models: Sequence[Fitted] = ...,
    unit: str | None = None,
    threads: int = 0,
    progress: _Observer = None,
) -> tuple[str, dict[str, _Floats]]: ...
def customer_lifetime_value(
    purchases: Fitted,
    spend: Fitted,
    columns: Mapping[str, _Floats],
    options: str,
    unit: str | None = None,
    threads: int = 0,
    progress: _Observer = None,
) -> _Floats: ...
def cohort_table(
    keys: Any,
    time_kind: str,
    times: Any,
    amounts: _Floats | None,
    step: str,
    period: str,
    observation_end: tuple[str, Any] | None,
    numbers_in: str,
    refunds: str,
    drop_zero_amounts: bool,
    threads: int = 0,
    progress: _Observer = None,
) -> dict[str, Any]: ...
def deliberate_panic() -> None: ...
