package cam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Every finite value of the golden file to 1e-11. */
class GoldenTest {
    private static final Quantity[] QUANTITIES = {
        Quantity.logLikelihood(),
        Quantity.probabilityAlive(0),
        Quantity.expectedPurchases(52),
        Quantity.discountedExpectedPurchases(0.0027),
        Quantity.discountedExpectedPurchases(0.1),
    };

    @Test
    void goldenValuesAreMet() {
        Map<String, List<Data.Golden>> sets = new LinkedHashMap<>();
        int total = 0;
        for (String line : Data.lines("golden_bg_pareto.csv")) {
            if (line.startsWith("bg,") || line.startsWith("pn,")) {
                Data.Golden row = new Data.Golden(line);
                sets.computeIfAbsent(row.set(), s -> new ArrayList<>()).add(row);
                total++;
            }
        }
        assertEquals(4820, total);
        for (Map.Entry<String, List<Data.Golden>> set : sets.entrySet()) {
            double worst = worst(set.getValue());
            System.out.printf(Locale.ROOT, "golden %-50s worst %.1e%n", set.getKey(), worst);
            assertTrue(worst <= 1e-11, set.getKey() + ": worst relative error " + worst);
        }
    }

    private static double worst(List<Data.Golden> rows) {
        Data.Golden first = rows.get(0);
        Function<Integer, double[]> column = c -> rows.stream().mapToDouble(r -> r.number(c)).toArray();
        double worst = 0;
        try (Model model = Model.fromParameters(
                        first.cells[0].equals("bg") ? "bg_nbd" : "pareto_nbd",
                        null,
                        first.number(2),
                        first.number(3),
                        first.number(4),
                        first.number(5));
                Table table = Table.builder()
                        .column("frequency", column.apply(6))
                        .column("recency", column.apply(7))
                        .column("T", column.apply(8))
                        .build()) {
            for (int q = 0; q < QUANTITIES.length; q++) {
                double[] truth = column.apply(9 + q);
                if (Double.isNaN(truth[0])) {
                    continue;
                }
                double[] ours = model.score(QUANTITIES[q], table);
                for (int i = 0; i < truth.length; i++) {
                    if (Double.isInfinite(truth[i]) || Double.isNaN(truth[i])) {
                        continue;
                    }
                    // Below the smallest normal number digits run out: there the error counts against that number.
                    double scale = Math.max(Math.abs(truth[i]), q == 0 ? 1 : Double.MIN_NORMAL);
                    double off = Math.abs(ours[i] - truth[i]) / scale;
                    assertTrue(off <= 1e-11, String.format(
                            Locale.ROOT,
                            "%s, %s, row %d (x, t_x, T = %s): expected %s, got %s, relative error %.1e",
                            first.set(), QUANTITIES[q], i, rows.get(i).history(), truth[i], ours[i], off));
                    worst = Math.max(worst, off);
                }
            }
        }
        return worst;
    }
}
