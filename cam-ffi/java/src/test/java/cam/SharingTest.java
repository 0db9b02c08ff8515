package cam;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** One model, many threads; progress; stopping. */
class SharingTest {
    @Test
    void eightThreadsShareOneModel() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (Summary summary = Data.calibration();
                Model model = Model.fit("pareto_nbd", summary)) {
            Quantity nextYear = Quantity.expectedPurchases(52);
            double[] expected = model.score(nextYear, summary);
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 50; i++) {
                        assertArrayEquals(expected, model.score(nextYear, summary));
                        assertTrue(model.toJson().startsWith("{\"format\":\"cam.model\""));
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void closingWhileOthersWorkFreesAfterTheLastOfThem() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (Summary summary = Data.calibration()) {
            for (int round = 0; round < 20; round++) {
                Model model = Model.fromParameters("pareto_nbd", "W", .55, 10.6, .61, 11.7);
                List<Future<?>> all = new ArrayList<>();
                for (int t = 0; t < 4; t++) {
                    all.add(threads.submit(() -> {
                        try {
                            while (true) {
                                model.score(Quantity.probabilityAlive(0), summary);
                            }
                        } catch (IllegalStateException closed) {
                            assertEquals("Model is closed", closed.getMessage());
                        }
                    }));
                }
                Thread.sleep(5);
                model.close();
                for (Future<?> one : all) {
                    one.get();
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aFitReportsItsSteps() {
        AtomicInteger steps = new AtomicInteger();
        try (Summary summary = Data.calibration();
                Control control = new Control().threads(1).progress((stage, done, total, value) -> {
                    assertEquals("bg_nbd", stage);
                    return steps.incrementAndGet() < 1000;
                });
                Model model = Model.fit("bg_nbd", summary, new FitOptions(), control)) {
            assertTrue(model.converged());
            assertTrue(steps.get() >= 3);
        }
    }

    @Test
    void aReportCanStopAFit() {
        try (Summary summary = Data.calibration();
                Control control = new Control().progress((stage, done, total, value) -> done < 2)) {
            CamException e = assertThrows(
                    CamException.class, () -> Model.fit("pareto_nbd", summary, new FitOptions(), control));
            assertEquals("interrupted", e.kind());
            control.reset();
        }
    }

    /**
     * Milliseconds from being told to stop to having stopped; told `delay` milliseconds after the fit began. Of the processor, which is the
     * time on the clock where nothing else runs.
     */
    private static double late(Table data, Control control, long delay) throws InterruptedException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long fitting = Thread.currentThread().getId();
        AtomicLong told = new AtomicLong();
        Thread stopper = new Thread(() -> {
            try {
                Thread.sleep(delay);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            told.set(threads.getThreadCpuTime(fitting));
            control.cancel();
        });
        stopper.start();
        CamException e = assertThrows(
                CamException.class, () -> Model.fit("pareto_nbd", data, new FitOptions(), control));
        double late = (threads.getThreadCpuTime(fitting) - told.get()) / 1e6;
        stopper.join();
        control.reset();
        assertEquals("interrupted", e.kind());
        return late;
    }

    @Test
    void aLongFitStopsWithinAHundredMilliseconds() throws InterruptedException {
        double[] age = new double[1_000_000];
        Arrays.setAll(age, i -> 27 + 12 * (i + 0.5) / age.length);
        try (Model truth = Model.fromParameters("pareto_nbd", "W", .55, 10.6, .61, 11.7);
                Table design = Table.builder().column("T", age).unit("W").build();
                Table drawn = truth.simulate(design, 7);
                Control control = new Control().threads(1)) {
            for (long delay : new long[] {20, 100, 200}) {
                double late = late(drawn, control, delay);
                System.out.printf("told to stop after %d ms, stopped %.1f ms of the processor later%n", delay, late);
                assertTrue(late < 100, "took " + late + " ms");
            }
        }
    }
}
