"""Draws from a posterior, as other tools take them."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._frames import Frame, default_kind, make

__all__ = ["PosteriorTables"]


class PosteriorTables:
    """What becomes of `posterior_`, wherever the draws come from."""

    # The kind of frame that the data came in.
    _kind: str | None

    @property
    def _sampled_model(self) -> str:
        raise NotImplementedError

    @property
    def posterior_(self) -> dict[str, npt.NDArray[np.float64]]:
        """The draws, by parameter: chains x draws."""
        raise NotImplementedError

    def posterior_frame(self, *, backend: str | None = None) -> Frame:
        """Give the draws as a table: `chain`, `draw`, and a column for each parameter.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
            The kind of frame; by default that of the data. ``"pyarrow"`` is the form for other tools.

        Returns
        -------
        frame
            One row per draw.
        """
        posterior = self.posterior_
        chains, draws = next(iter(posterior.values())).shape
        columns: dict[str, Any] = {
            "chain": np.repeat(np.arange(chains), draws),
            "draw": np.tile(np.arange(draws), chains),
        }
        columns |= {name: values.ravel() for name, values in posterior.items()}
        kind = default_kind(backend) if backend is not None else self._kind or default_kind(None)
        return make(kind, columns, {})

    def posterior_dict(self) -> dict[str, Any]:
        """Give the draws as ``xarray.Dataset.from_dict`` reads them.

        Returns
        -------
        dict
            Coordinates `chain` and `draw`, and a variable of these dimensions for each parameter.
        """
        posterior = self.posterior_
        chains, draws = next(iter(posterior.values())).shape
        dims = ("chain", "draw")
        return {
            "coords": {
                "chain": {"dims": ("chain",), "data": np.arange(chains)},
                "draw": {"dims": ("draw",), "data": np.arange(draws)},
            },
            "dims": {"chain": chains, "draw": draws},
            "data_vars": {name: {"dims": dims, "data": values} for name, values in posterior.items()},
            "attrs": {"inference_library": "cam", "model": self._sampled_model},
        }

    def to_arviz(self) -> Any:
        """Give the draws as arviz has them; arviz must be installed.

        Returns
        -------
        InferenceData or DataTree
            With the group `posterior`.
        """
        try:
            arviz = importlib.import_module("arviz")
        except ImportError:
            raise ImportError("to_arviz needs arviz: pip install arviz") from None
        return arviz.from_dict({"posterior": self.posterior_}) if _newer(arviz) else arviz.from_dict(self.posterior_)


def _newer(arviz: Any) -> bool:
    """Whether this is arviz 1, whose `from_dict` takes groups."""
    return int(str(arviz.__version__).partition(".")[0]) >= 1
