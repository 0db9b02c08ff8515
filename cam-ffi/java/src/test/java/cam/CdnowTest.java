package cam;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The published values of CDNOW, from the log; and the documents. */
class CdnowTest {
    private static Summary summary;

    @BeforeAll
    static void summarize() {
        summary = Data.calibration();
    }

    @AfterAll
    static void close() {
        summary.close();
    }

    /** {@code digits} is half a unit in the last digit that was published, or a little more where the optimum is flat. */
    private static void assertPublished(String id, double logLikelihood, double llDigits, double[] values, double[] digits, double... errors) {
        try (Model model = Model.fit(id, summary)) {
            assertTrue(model.converged(), model.fitReport());
            assertEquals(logLikelihood, model.logLikelihood(), llDigits);
            int i = 0;
            for (String name : model.parameterNames()) {
                assertEquals(values[i], model.parameters().get(name), digits[i], name);
                if (errors.length > 0) {
                    assertEquals(errors[i], model.standardErrors().get(name), 0.01 * errors[i], name);
                }
                assertEquals(Math.pow(model.standardErrors().get(name), 2), model.covariance()[i][i], 1e-12 * model.covariance()[i][i]);
                double[] interval = model.confidenceIntervals(0.95).get(name);
                assertTrue(interval[0] < values[i] && values[i] < interval[1]);
                i++;
            }
            assertEquals("week", model.unit());
        }
    }

    @Test
    void estimatesAreThosePublished() {
        assertPublished("bg_nbd", -9582.42921, 1e-5,
                new double[] {.2425945, 4.4136019, .7929199, 2.4258881}, new double[] {5e-6, 5e-5, 5e-5, 5e-4},
                .0125574, .3782239, .1857328, .7054068);
        assertPublished("pareto_nbd", -9594.97618, 1e-5,
                new double[] {.55328, 10.57768, .60624, 11.66873}, new double[] {5e-5, 5e-4, 5e-5, 5e-3},
                .0476, .8427, .187, 6.20);
        assertPublished("gamma_gamma", -4055.918, 1e-3,
                new double[] {6.24957, 3.74422, 15.44352}, new double[] {5e-4, 5e-5, 5e-3});
    }

    @Test
    void theSummaryIsThatOfTheLiterature() {
        assertEquals(2357, summary.rows());
        assertEquals(Arrays.asList("frequency", "recency", "T", "monetary_value", "frequency_holdout", "monetary_value_holdout"), summary.columns());
        assertEquals(2457, Arrays.stream(summary.column("frequency")).sum());
        assertEquals(1882, Arrays.stream(summary.column("frequency_holdout")).sum());
        assertEquals("week", summary.unit());
        assertFalse(summary.hasTextKeys());
        assertEquals(1, summary.longKeys()[0]);
        assertTrue(summary.about().contains("\"duration_holdout\":39.0"), summary.about());
    }

    @Test
    void otherModelsGetTheirColumns() {
        Log log = new Log().keys(1, 1, 1, 2).times("2020-03-01", "2021-06-20", "2023-05-30", "2022-11-11").amounts(8, 20, 40, 9);
        SummaryOptions years = new SummaryOptions().unit("Y").period("Y").opportunities(true).spread("amount");
        try (Summary summary = Summary.of(log, years)) {
            assertArrayEquals(new double[] {3, 0}, summary.column("recency"));
            assertArrayEquals(new double[] {3, 1}, summary.column("T"));
            assertArrayEquals(new double[] {10, 0}, summary.column("monetary_deviation"));
        }
        try (Summary summary = Summary.of(log, new SummaryOptions().spread("log"))) {
            assertEquals(Math.sqrt(800), summary.column("geometric_mean")[0], 1e-13);
        }
    }

    @Test
    void anyCutOfTheLogGivesTheSameSummary() {
        try (SummaryBuilder one = new SummaryBuilder(Data.weeks());
                SummaryBuilder two = new SummaryBuilder(Data.weeks())) {
            one.push(Data.cdnow(0, 1000)).push(Data.cdnow(1001, Integer.MAX_VALUE));
            two.push(Data.cdnow(1000, 1001));
            assertWhole(one.merge(two));
        }
    }

    /** A builder that has seen the whole log gives its summary, to the last bit. */
    private static void assertWhole(SummaryBuilder builder) {
        try (Summary merged = builder.finish()) {
            assertEquals(6919, builder.rows());
            assertArrayEquals(summary.longKeys(), merged.longKeys());
            for (String column : summary.columns()) {
                assertArrayEquals(summary.column(column), merged.column(column), column);
            }
        }
    }

    /** The file holds the first 500 rows; the tests of Rust, C and Python write the same bytes. */
    @Test
    void aPartFromAnotherLanguageIsMergedAsIfItWereOurs() {
        byte[] part = Data.bytes("partial_version_1.bin");
        try (SummaryBuilder theirs = SummaryBuilder.fromBytes(part);
                SummaryBuilder ours = new SummaryBuilder(Data.weeks()).push(Data.cdnow(0, 500));
                SummaryBuilder rest = new SummaryBuilder(Data.weeks()).push(Data.cdnow(500, Integer.MAX_VALUE))) {
            assertEquals(500, theirs.rows());
            assertArrayEquals(part, ours.toBytes());
            assertArrayEquals(part, theirs.toBytes());
            assertWhole(rest.merge(theirs));
            assertWhole(theirs.push(Data.cdnow(500, Integer.MAX_VALUE)));
        }
    }

    @Test
    void everyKindOfKeyAndTimeIsRead() {
        String[] keys = {"zoë", "ann", "bob", "ann"};
        String[] iso = {"1997-01-01", "1997-01-02", "1997-01-03", "1997-01-09"};
        LocalDate[] dates = Arrays.stream(iso).map(LocalDate::parse).toArray(LocalDate[]::new);
        int[] days = Arrays.stream(dates).mapToInt(d -> (int) d.toEpochDay()).toArray();
        Log[] logs = {
            new Log().keys(keys).times(iso),
            new Log().keys(keys).times(dates),
            new Log().keys(keys).epochDays(days),
            new Log().keys(keys).epochMillis(Arrays.stream(days).mapToLong(d -> d * 86_400_000L).toArray()),
            new Log().keys(keys).times(Arrays.stream(days).mapToDouble(d -> d).toArray()),
        };
        for (Log log : logs) {
            try (Summary s = Summary.of(log)) {
                assertTrue(s.hasTextKeys());
                assertArrayEquals(new String[] {"ann", "bob", "zoë"}, s.textKeys());
                assertArrayEquals(new double[] {7, 0, 0}, s.column("recency"));
                assertArrayEquals(new double[] {7, 6, 8}, s.column("T"));
            }
        }
    }

    @Test
    void aDocumentOpensAgainByteForByte() throws IOException {
        for (String id : new String[] {"bg_nbd", "pareto_nbd", "gamma_gamma"}) {
            try (Model model = Model.fit(id, summary);
                    Model opened = Model.fromJson(model.toJson())) {
                assertEquals(model.toJson(), opened.toJson());
                assertEquals(model.parameters(), opened.parameters());
                assertArrayEquals(
                        model.score(Quantity.logLikelihood(), summary), opened.score(Quantity.logLikelihood(), summary));
            }
        }
    }

    @Test
    void theDocumentsAreThoseOfTheCDoor() throws IOException {
        String directory = System.getProperty("cam.documents", "");
        Assumptions.assumeFalse(directory.isEmpty(), "cam.documents names no directory");
        for (String id : new String[] {"bg_nbd", "pareto_nbd", "gamma_gamma"}) {
            Path path = Paths.get(directory, id + ".json");
            try (Model model = Model.fit(id, summary)) {
                assertEquals(new String(Files.readAllBytes(path), StandardCharsets.UTF_8), model.toJson(), id);
            }
        }
    }

    /** A line for each quantity, its name and the bits of every customer's score: {@code make test} compares them with those of the other languages. */
    @Test
    void scoresAreWrittenForComparison() throws IOException {
        String directory = System.getProperty("cam.scores", "");
        Assumptions.assumeFalse(directory.isEmpty(), "cam.scores names no directory");
        Map<String, Quantity> purchases = new LinkedHashMap<>();
        purchases.put("log_likelihood", Quantity.logLikelihood());
        purchases.put("probability_alive", Quantity.probabilityAlive(4));
        purchases.put("expected_purchases", Quantity.expectedPurchases(39));
        purchases.put("purchase_probability", Quantity.purchaseProbability(2, 39));
        purchases.put("discounted_expected_purchases", Quantity.discountedExpectedPurchases(0.0027));
        Map<String, Quantity> spend = new LinkedHashMap<>();
        spend.put("log_likelihood", Quantity.logLikelihood());
        spend.put("expected_spend", Quantity.expectedSpend());
        for (String id : new String[] {"bg_nbd", "pareto_nbd", "gamma_gamma"}) {
            StringBuilder lines = new StringBuilder();
            try (Model model = Model.fit(id, summary)) {
                (id.equals("gamma_gamma") ? spend : purchases).forEach((name, quantity) -> {
                    lines.append(name);
                    for (double score : model.score(quantity, summary)) {
                        lines.append(String.format(Locale.ROOT, " %016x", Double.doubleToRawLongBits(score)));
                    }
                    lines.append('\n');
                });
            }
            Files.write(Paths.get(directory, id + ".scores"), lines.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void givenParametersHaveNoUnitUnlessTheyAreGivenOne() {
        try (Model none = Model.fromParameters("gamma_gamma", null, 6.25, 3.74, 15.44);
                Model weeks = Model.fromParameters("bg_nbd", "W", .24, 4.4, .79, 2.4)) {
            assertNull(none.unit());
            assertEquals("week", weeks.unit());
            assertFalse(weeks.converged());
            assertEquals("bg_nbd{r=0.24, alpha=4.4, a=0.79, b=2.4}", weeks.toString());
        }
    }

    @Test
    void valueIsPurchasesTimesSpendTimesMargin() {
        try (Model purchases = Model.fit("bg_nbd", summary);
                Model spend = Model.fit("gamma_gamma", summary)) {
            double[] bought = purchases.score(Quantity.discountedExpectedPurchasesPerPeriod(0.002, 52), summary);
            double[] each = spend.score(Quantity.expectedSpend(), summary);
            double[] value = Cam.customerLifetimeValue(
                    purchases, spend, summary, new ValueOptions(0.002).horizon(52).margin(0.3));
            for (int i = 0; i < value.length; i++) {
                assertEquals(0.3 * bought[i] * each[i], value[i], 1e-12 * value[i]);
            }
            assertEquals(35.171, spend.newCustomer(Quantity.expectedSpend()), 5e-3);
        }
    }

    @Test
    void aSimulationRepeatsAndRecoversItsParameters() {
        double[] age = new double[20_000];
        Arrays.fill(age, 104);
        try (Model truth = Model.fromParameters("pareto_nbd", "W", .55, 10.6, .61, 11.7);
                Table design = Table.builder().column("T", age).unit("W").build();
                Table drawn = truth.simulate(design, 7);
                Table again = truth.simulate(design, 7);
                Model fitted = Model.fit("pareto_nbd", drawn)) {
            assertArrayEquals(drawn.column("frequency"), again.column("frequency"));
            truth.parameters().forEach((name, value) ->
                    assertEquals(value, fitted.parameters().get(name), 4 * fitted.standardErrors().get(name), name));
        }
    }

    @Test
    void theRegistryAndTheVersionAreTold() {
        assertTrue(Cam.models().contains("\"id\":\"pareto_nbd\""));
        assertEquals("0.1.0", Cam.version());
    }
}
