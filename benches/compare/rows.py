"""What is compared: the rows of the table, the libraries of each, and the ratio each must reach."""

from __future__ import annotations

from dataclasses import dataclass, field

CAM = ("cam", "cam_polars")
# These use the threads they are given; the others have one whatever they are told.
THREADED = {"cam", "cam_polars", "polars", "polars_tuned", "duckdb"}


@dataclass(frozen=True)
class Row:
    """One line of the table: a task on a data set, for us and for the peers."""

    key: str
    label: str
    task: str
    kind: str
    size: int | None
    peers: tuple[str, ...]
    ours: tuple[str, ...] = ("cam",)
    # Peers that take minutes: run once, and kept until the data, the versions or the machine change.
    slow: frozenset[str] = frozenset()
    # For a posterior: the effective draws per CPU second that we must reach.
    rate: float | None = None
    # By peer, how many times faster we must be on one thread.
    targets: dict[str, float] = field(default_factory=dict)
    note: str = ""

    def data(self, quick: bool) -> str:
        if self.size is None:
            return self.kind
        return f"{self.kind}-{max(self.size // 100, 1000) if quick else self.size}"


MILLION = 1_000_000
PYMC = "pymc_marketing"

ROWS = [
    Row(
        "fit-bg",
        "BG/NBD fit, 1M customers",
        "fit_bg",
        "bg",
        MILLION,
        ("lifetimes", "lifetimes_weights", PYMC),
        targets={"lifetimes": 40, "lifetimes_weights": 4},
    ),
    Row(
        "fit-pareto",
        "Pareto/NBD fit, 1M customers",
        "fit_pareto",
        "pareto",
        MILLION,
        ("lifetimes", "lifetimes_weights", PYMC),
        slow=frozenset({"lifetimes", "lifetimes_weights", PYMC}),
        targets={"lifetimes": 500},
        note="CLVTools (R) not measured here; 20.3 s is quoted for it from another machine.",
    ),
    Row(
        "fit-gg",
        "Gamma–Gamma fit, 403k spenders of 1M",
        "fit_gg",
        "bg",
        MILLION,
        ("lifetimes", PYMC),
        targets={"lifetimes": 20},
    ),
    Row(
        "fit-bg-cdnow",
        "BG/NBD fit, CDNOW",
        "fit_bg",
        "cdnow",
        None,
        ("lifetimes", PYMC),
        targets={"lifetimes": 50},
    ),
    Row(
        "fit-pareto-cdnow",
        "Pareto/NBD fit, CDNOW",
        "fit_pareto",
        "cdnow",
        None,
        ("lifetimes", PYMC),
        targets={"lifetimes": 50},
    ),
    Row(
        "fit-gg-cdnow",
        "Gamma–Gamma fit, CDNOW",
        "fit_gg",
        "cdnow",
        None,
        ("lifetimes", PYMC),
        targets={"lifetimes": 50},
    ),
    *(
        Row(
            f"score-{short}-{what}",
            f"{family} {label}, 1M",
            f"score_{short}_{what}",
            short,
            MILLION,
            ("lifetimes", PYMC),
            targets={"lifetimes": target},
        )
        for short, family, wanted in (("bg", "BG/NBD", (5, 15, 150)), ("pareto", "Pareto/NBD", (5, 5, 100)))
        for what, label, target in zip(
            ("alive", "purchases", "clv"),
            ("P(alive)", "expected purchases", "12-month CLV"),
            wanted,
            strict=True,
        )
    ),
    Row(
        "score-pareto-all",
        "Pareto/NBD all scores with DERT, 1M",
        "score_pareto_all",
        "pareto",
        MILLION,
        (),
        note="No Python peer computes it. "
        "CLVTools (R) not measured here; 5.6 s is quoted for it from another machine.",
    ),
    *(
        Row(
            f"nuts-{short}",
            f"{family} posterior, CDNOW",
            f"nuts_{short}",
            "cdnow",
            None,
            (PYMC,),
            slow=frozenset({PYMC}),
            rate=rate,
            note=note,
        )
        for short, family, rate, note in (
            ("bg", "BG/NBD", 1000, ""),
            (
                "pareto",
                "Pareto/NBD",
                100,
                "Chains of 250 draws for PyMC-Marketing, which takes seconds for each.",
            ),
            ("gg", "Gamma–Gamma", 500, ""),
        )
    ),
    *(
        Row(
            f"posterior-{short}",
            f"{family} predictions, 100k customers x 1,000 draws",
            f"posterior_{short}",
            short,
            MILLION // 10,
            (PYMC,),
            slow=frozenset({PYMC}),
            targets={PYMC: 15} if short == "bg" else {},
            note="Expected purchases and P(alive), each with its mean and a 90 % interval by customer, over the same draws.",
        )
        for short, family in (("bg", "BG/NBD"), ("pareto", "Pareto/NBD"))
    ),
    Row(
        "fit-time-varying",
        "Pareto/NBD fit, 600 customers x 313 weeks, three covariates that change, on both processes",
        "fit_time_varying",
        "varying",
        None,
        (),
        note="No Python peer has it. CLVTools (R) not measured here; 172 s is quoted for it from another machine.",
    ),
    Row(
        "summary",
        "Summary of 10M rows, 1M customers",
        "summary",
        "log",
        10 * MILLION,
        ("polars", "polars_tuned", "duckdb", "numpy", "pandas", "lifetimes", PYMC),
        ours=("cam", "cam_polars"),
        targets={"polars": 3, "lifetimes": 10},
        note="The log itself is 240 MB (three columns of 8 bytes).",
    ),
]
