package cam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.LocalDate;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Bad input: every case gives a kind, a row and a sentence. */
class BadInputTest {
    private static void bad(String name, String kind, long row, String part, Executable call) {
        CamException e = assertThrows(CamException.class, call, name);
        System.out.printf("  %-36s %2d %-18s %s%n", name, e.code(), e.kind(), e.getMessage());
        assertEquals(kind, e.kind(), name);
        assertEquals(row, e.row(), name);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    private static Model fit(double[] x, double[] recency, double... age) {
        try (Table table = Table.builder().column("frequency", x).column("recency", recency).column("T", age).build()) {
            return Model.fit("bg_nbd", table);
        }
    }

    private static double[] d(double... values) {
        return values;
    }

    private static Summary sum(double[] times, double[] amounts, SummaryOptions options) {
        return Summary.of(new Log().keys(1, 1, 2).times(times).amounts(amounts), options);
    }

    @Test
    void rowsThatBreakARule() {
        bad("NaN", "invalid_data", 1, "frequency", () -> fit(d(1, Double.NaN), d(3, 0), 9, 9));
        bad("infinite", "invalid_data", 0, "T", () -> fit(d(1, 0), d(3, 0), Double.POSITIVE_INFINITY, 9));
        bad("negative", "invalid_data", 1, "-1", () -> fit(d(1, -1), d(3, 0), 9, 9));
        bad("half a purchase", "invalid_data", 0, "1.5", () -> fit(d(1.5, 0), d(3, 0), 9, 9));
        bad("T below recency", "invalid_data", 0, "T = 2", () -> fit(d(1, 0), d(3, 0), 2, 9));
        bad("bought again, recency 0", "invalid_data", 0, "recency", () -> fit(d(1, 0), d(0, 0), 9, 9));
        bad("nobody bought again", "not_enough_data", -1, "frequency", () -> fit(d(0, 0), d(0, 0), 9, 9));
        bad("no row", "not_enough_data", -1, "no row", () -> fit(d(), d()));
        bad("unequal lengths", "invalid_shape", -1, "equal lengths", () -> fit(d(1, 0), d(3), 9, 9));
        bad("no such column", "invalid_shape", -1, "T", () -> {
            try (Table table = Table.builder().column("frequency", 1).column("recency", 1).build()) {
                Model.fit("bg_nbd", table);
            }
        });
    }

    @Test
    void argumentsOutOfTheirDomain() {
        try (Summary summary = Data.calibration();
                Model model = Model.fromParameters("bg_nbd", "D", .24, 4.4, .79, 2.4);
                Model spend = Model.fromParameters("gamma_gamma", null, 6.25, 3.74, 15.44);
                Table days = Table.builder().column("frequency", 1).column("recency", 3).column("T", 9).build()) {
            bad("no such model", "unknown_name", -1, "bg_nbd", () -> Model.fit("bgnbd", summary));
            bad("no such unit", "unknown_name", -1, "parsec", () -> Table.builder().column("T", 1).unit("parsec").build());
            bad("too few parameters", "invalid_shape", -1, "4", () -> Model.fromParameters("bg_nbd", null, 1, 2, 3));
            bad("a negative parameter", "invalid_parameter", -1, "alpha", () -> Model.fromParameters("bg_nbd", null, 1, -2, 3, 4));
            bad("weeks given to a model in days", "invalid_parameter", -1, "week", () -> model.score(Quantity.probabilityAlive(0), summary));
            bad("a negative horizon", "invalid_parameter", -1, "horizon", () -> model.score(Quantity.expectedPurchases(-1), days));
            bad("a horizon of NaN", "invalid_parameter", -1, "NaN", () -> model.score(Quantity.expectedPurchases(Double.NaN), days));
            bad("a negative number of purchases", "invalid_parameter", -1, "-1", () -> model.score(Quantity.purchaseProbability(-1, 5), days));
            bad("no such quantity", "unknown_name", -1, "alive", () -> model.score(Quantity.of("alive"), days));
            bad("not defined by the model", "unsupported", -1, "gamma_gamma", () -> spend.newCustomer(Quantity.probabilityAlive(0)));
            bad("given, not estimated", "unsupported", -1, "given", model::standardErrors);
            bad("models in the wrong order", "unsupported", -1, "gamma_gamma", () -> Cam.customerLifetimeValue(spend, model, days, new ValueOptions(.1)));
            bad("a negative rate", "invalid_parameter", -1, "discount_rate", () -> Cam.customerLifetimeValue(model, spend, days, new ValueOptions(-.1)));
            bad("no evaluations", "invalid_parameter", -1, "max_evaluations", () -> Model.fit("bg_nbd", summary, new FitOptions().maxEvaluations(0), null));
            bad("text keys of integers", "unsupported", -1, "texts", summary::textKeys);
            bad("no such column", "invalid_shape", -1, "spend", () -> summary.column("spend"));
            bad("minus one threads", "invalid_parameter", -1, "threads", () -> {
                try (Control control = new Control()) {
                    control.threads(-1);
                }
            });
        }
    }

    @Test
    void documentsThatDoNotOpen() {
        String good = "{\"format\":\"cam.model\",\"schema\":1,\"model\":\"gamma_gamma\",\"unit\":null,\"parameters\":{\"p\":6,\"q\":3,\"v\":15},\"fit\":null}";
        Model.fromJson(good).close();
        bad("empty", "invalid_document", -1, "JSON", () -> Model.fromJson(""));
        bad("null", "invalid_parameter", -1, "NULL", () -> Model.fromJson(null));
        bad("cut off", "invalid_document", -1, "JSON", () -> Model.fromJson(good.substring(0, 50)));
        bad("of a later version", "invalid_document", -1, "schema 2", () -> Model.fromJson(good.replace(":1,", ":2,")));
        bad("not ours", "invalid_document", -1, "format", () -> Model.fromJson(good.replace("cam.", "can.")));
        bad("a parameter too many", "invalid_document", -1, "w", () -> Model.fromJson(good.replace("\"v\"", "\"w\":1,\"v\"")));
    }

    @Test
    void partsThatDoNotOpen() {
        byte[] good = Data.bytes("partial_version_1.bin");
        SummaryBuilder.fromBytes(good).close();
        bad("no bytes", "invalid_document", -1, "partial summary", () -> SummaryBuilder.fromBytes(new byte[0]));
        bad("null for bytes", "invalid_parameter", -1, "NULL", () -> SummaryBuilder.fromBytes(null));
        bad("bytes cut off", "invalid_document", -1, "bytes announced", () -> SummaryBuilder.fromBytes(Arrays.copyOf(good, good.length - 1)));
        bad("bytes of nobody", "invalid_document", -1, "cam.part", () -> SummaryBuilder.fromBytes(new byte[100]));
        byte[] changed = good.clone();
        changed[good.length / 2] ^= 1;
        bad("a bit changed", "invalid_document", -1, "checksum", () -> SummaryBuilder.fromBytes(changed));
        byte[] later = good.clone();
        later[8] = 2;
        bad("bytes of a later version", "invalid_document", -1, "version 2", () -> SummaryBuilder.fromBytes(later));
        bad("a part with other options", "invalid_parameter", -1, "options", () -> {
            try (SummaryBuilder days = new SummaryBuilder(new SummaryOptions()); SummaryBuilder weeks = SummaryBuilder.fromBytes(good)) {
                days.merge(weeks);
            }
        });
    }

    @Test
    void logsThatBreakARule() {
        SummaryOptions plain = new SummaryOptions();
        bad("NaN in times", "invalid_data", 1, "time", () -> sum(d(1, Double.NaN, 2), d(1, 1, 1), plain));
        bad("NaN in amounts", "invalid_data", 2, "amount", () -> sum(d(1, 2, 3), d(1, 1, Double.NaN), plain));
        bad("1e300 in one cell", "invalid_data", 0, "1e290", () -> sum(d(1, 2, 3), d(1e300, 1, 1), plain));
        bad("a refund where none may be", "invalid_data", 1, "-5", () -> sum(d(1, 2, 3), d(1, -5, 1), plain.refunds("error")));
        bad("unequal lengths", "invalid_shape", -1, "time has 2", () -> sum(d(1, 2), d(1, 1, 1), plain));
        bad("calibration after the end", "invalid_parameter", -1, "calibration", () -> sum(d(1, 2, 3), d(1, 1, 1), plain.calibrationEnd(9)));
        bad("a unit that is none", "unknown_name", -1, "moon", () -> sum(d(1, 2, 3), d(1, 1, 1), plain.unit("moon")));
        bad("no times", "invalid_shape", -1, "time", () -> Summary.of(new Log().keys(1, 2)));
        bad("no rows", "not_enough_data", -1, "no rows", () -> Summary.of(new Log().keys(new long[0]).times(new double[0])));
        bad("a null key", "invalid_data", 1, "missing", () -> Summary.of(new Log().keys("ann", null).times(1.0, 2.0)));
        bad("a null date", "invalid_data", 0, "missing", () -> Summary.of(new Log().keys("ann", "bob").times(null, LocalDate.of(1997, 1, 1))));
        bad("a date that no month has", "invalid_data", 1, "1997-02-30",
                () -> Summary.of(new Log().keys("ann", "bob").times("1997-02-01", "1997-02-30")));
        bad("a null date text", "invalid_data", 1, "NULL", () -> Summary.of(new Log().keys("ann", "bob").times("1997-02-01", null)));
    }

    /** Not part of the interface: it panics, to show what becomes of a defect. */
    @Test
    void aPanicIsAnException() {
        com.sun.jna.NativeLibrary library = ((com.sun.jna.Library.Handler) java.lang.reflect.Proxy.getInvocationHandler(Cam.library())).getNativeLibrary();
        com.sun.jna.Function panic = library.getFunction("cam_debug_panic");
        bad("a deliberate panic", "internal", -1, "panic", () -> Cam.check(error -> panic.invokeInt(new Object[] {error})));
        // And the library works on.
        assertTrue(Cam.models().contains("bg_nbd"));
    }

    @Test
    void whatIsClosedIsNotUsed() {
        Model model = Model.fromParameters("bg_nbd", null, 1, 2, 3, 4);
        model.close();
        model.close();
        IllegalStateException e = assertThrows(IllegalStateException.class, model::toJson);
        assertEquals("Model is closed", e.getMessage());
    }
}
