"""Long calls: Ctrl-C, progress, threads, forks, panics."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import cam

LONG_FIT = """
import time, numpy, cam
model = cam.ParetoNbd.from_params(r=0.55, alpha=10.6, s=0.61, beta=11.7)
ages = 27 + 12 * numpy.random.default_rng(1).random(600_000)
data = model.simulate(T=ages, seed=1, backend="numpy")
told = []
def tell(*progress):
    if not told:
        print("busy", flush=True)
    told.append(progress)
try:
    cam.ParetoNbd().fit(data, gradient_tolerance=1e-300, progress=tell)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
    cam.BgNbd.from_params(r=1, alpha=1, a=1, b=1).probability_alive({"frequency": [0], "recency": [0], "T": [1]})
    print("alive", flush=True)
"""


# Nothing was called before, so that what is loaded late is loaded while Ctrl-C comes.
LONG_SUMMARY = """
import time, numpy, pandas, cam
rng = numpy.random.default_rng(1)
days = numpy.datetime64("2020-01-01") + rng.integers(0, 900, 2_000_000)
dates = days.astype(str) if {text} else days
log = {{"customer_id": rng.integers(0, 300_000, dates.size), "date": pandas.Series(dates) if {text} else dates}}
print("busy", flush=True)
try:
    while True:
        cam.summarize(pandas.DataFrame(log) if {text} else log)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
    cam.BgNbd.from_params(r=1, alpha=1, a=1, b=1).probability_alive({{"frequency": [0], "recency": [0], "T": [1]}})
    print("alive", flush=True)
"""


def _time_to_stop(program, wait=0.2):
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "busy\n"
        time.sleep(wait)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        stopped = float(child.stdout.readline())
        assert child.stdout.readline() == "alive\n"
        assert child.wait(timeout=60) == 0
    return stopped - sent


def test_ctrl_c_stops_a_long_fit_within_a_tenth_of_a_second():
    # Another process may hold the processor for longer than that, so a late stop may be tried again.
    assert any(_time_to_stop(LONG_FIT) < 0.1 for _ in range(4))


@pytest.mark.parametrize("text", [False, True], ids=["days", "texts"])
def test_ctrl_c_stops_a_summary_soon(text):
    # From the first moment on; and a tenth of a second here, too, but for what pandas does with texts before cam has them.
    assert any(_time_to_stop(LONG_SUMMARY.format(text=text), wait) < 0.3 for wait in (0.01, 0.1, 0.3, 0.5))


FORK = """
import os, sys, numpy, cam
data = {"frequency": [2.0, 0.0, 1.0, 5.0] * 2000, "recency": [3.0, 0.0, 2.0, 9.5] * 2000, "T": [10.0, 9.0, 8.0, 10.0] * 2000}
data["T"] = [t + (i % 4000) / 4000 for i, t in enumerate(data["T"])]
import warnings; warnings.simplefilter("ignore")
before = cam.BgNbd().fit(data, threads=2)
child = os.fork()
if child == 0:
    after = cam.BgNbd().fit(data, threads=2)
    same = (after.probability_alive(data, threads=2) == before.probability_alive(data, threads=2)).all()
    os._exit(0 if same and after == before else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_may_fork_after_threads_have_worked():
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)


def test_import_starts_nothing_and_loads_no_frame_library():
    code = (
        "import sys, threading, warnings, numpy, narwhals; before = list(warnings.filters); import cam;"
        "assert threading.active_count() == 1; assert warnings.filters == before;"
        "assert not {'pandas', 'polars', 'pyarrow', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_eight_threads_share_one_model(bg, gg, summary):
    expected = bg.predict(summary, 52, discount_rate=0.002, spend=gg)
    barrier = threading.Barrier(8)

    def work(_):
        barrier.wait()
        return all(bg.predict(summary, 52, discount_rate=0.002, spend=gg).equals(expected) for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_threads_work_at_the_same_time_because_the_gil_is_released(columns):
    def ticks():
        count, end = 0, time.monotonic() + 0.3
        while time.monotonic() < end:
            time.sleep(0.001)
            count += 1
        return count

    big = {name: np.tile(values, 200) + (np.arange(2357 * 200) % 977) * 0 for name, values in columns.items()}
    big["T"] = big["T"] + np.arange(len(big["T"])) * 1e-7
    model = cam.ParetoNbd.from_params(r=0.55, alpha=10.6, s=0.61, beta=11.7)
    worker = threading.Thread(
        target=model.discounted_expected_purchases, args=(big,), kwargs={"discount_rate": 0.001, "threads": 1}
    )
    worker.start()
    counted = ticks()
    worker.join()
    assert counted > 30


def test_any_number_of_threads_gives_the_same_bits(bg, columns):
    big = {name: np.tile(values, 8) for name, values in columns.items()}
    big["T"] = big["T"] + np.arange(len(big["T"])) * 1e-6
    fits = {cam.BgNbd().fit(big, threads=threads).to_json() for threads in (1, 2, 3, None)}
    assert len(fits) == 1
    scores = [bg.expected_purchases(big, 52, threads=threads) for threads in (1, 2, 7)]
    assert (scores[0] == scores[1]).all()
    assert (scores[0] == scores[2]).all()


def test_progress_tells_the_stage_and_the_mean_log_likelihood(summary, capfd):
    told = []
    model = cam.ParetoNbd().fit(summary, progress=lambda *report: told.append(report))
    stage, done, total, value = told[-1]
    assert (stage, done, total) == ("pareto_nbd", model.n_evaluations_, model.n_evaluations_)
    assert value == pytest.approx(model.log_likelihood_ / 2357)
    cam.ParetoNbd().fit(summary, progress=True)
    printed = capfd.readouterr().err
    assert "pareto_nbd" in printed
    assert printed.endswith("\n")


def test_progress_counts_on_over_samples_and_ends_its_line_once(capfd):
    model = cam.ParetoNbd.from_params(r=0.55, alpha=10.6, s=0.6, beta=11.7)
    drawn = model.simulate(T=np.repeat(np.arange(27.0, 40.0, 1 / 7), 1_000), seed=3)
    told = []
    cam.ParetoNbd().fit(drawn, progress=lambda *report: told.append(report))
    done = [report[1] for report in told]
    assert done == sorted(done)
    assert [report[2] for report in told] == [None] * (len(told) - 1) + [done[-1]]


def test_an_exception_in_the_progress_function_comes_out(summary):
    def refuse(*report):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        cam.BgNbd().fit(summary, progress=refuse)


def test_a_panic_becomes_an_exception_and_the_library_lives_on(bg, summary, capfd):
    with pytest.raises(cam.errors.InternalError, match="a deliberate panic") as caught:
        cam._core.deliberate_panic()
    assert caught.value.code == 99
    assert len(bg.probability_alive(summary)) == 2357


def test_what_is_not_at_a_maximum_is_said(summary):
    with pytest.warns(cam.ConvergenceWarning, match="not_converged"):
        model = cam.BgNbd().fit(summary, max_evaluations=2)
    assert not model.converged_
    with pytest.raises(cam.errors.NumericalError):
        _ = model.covariance_
