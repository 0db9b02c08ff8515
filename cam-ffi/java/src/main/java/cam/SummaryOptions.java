package cam;

import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Map;

/** What to make of a log. The defaults: times in days (Python's are in weeks), one purchase a day, observed until the last row. Immutable. */
public final class SummaryOptions {
    private final Map<String, Object> options;

    /** The defaults. */
    public SummaryOptions() {
        this(new LinkedHashMap<>());
    }

    private SummaryOptions(Map<String, Object> options) {
        this.options = options;
    }

    private SummaryOptions with(String name, Object value) {
        Map<String, Object> changed = new LinkedHashMap<>(options);
        changed.put(name, value);
        return new SummaryOptions(changed);
    }

    /** The unit of recency and T: {@code D, W, M, Y} or a length such as {@code 10 days}; {@code D}, days, where none is given. */
    public SummaryOptions unit(String unit) {
        return with("unit", unit);
    }

    /** The unit in which times are given that are numbers; days where none is given. */
    public SummaryOptions numbersIn(String unit) {
        return with("numbers_in", unit);
    }

    /** Rows of one customer within one period are one purchase. */
    public SummaryOptions period(String period) {
        return with("period", period);
    }

    /** The end of the observation: the whole period it falls in is observed. */
    public SummaryOptions observationEnd(LocalDate end) {
        return with("observation_end", end.toString());
    }

    /** The same, as a number; beside dates it is days (or units of {@link #numbersIn}) since 1970-01-01. */
    public SummaryOptions observationEnd(double end) {
        return with("observation_end", end);
    }

    /** Split the log: what was known at this end, and beside it what happened until the end of the observation. */
    public SummaryOptions calibrationEnd(LocalDate end) {
        return with("calibration_end", end.toString());
    }

    /** The same, as a number; beside dates it is days (or units of {@link #numbersIn}) since 1970-01-01. */
    public SummaryOptions calibrationEnd(double end) {
        return with("calibration_end", end);
    }

    /** Count the first purchase in frequency and monetary value, too; for description, not for the models. */
    public SummaryOptions includeFirstTransaction(boolean include) {
        return with("include_first_transaction", include);
    }

    /** What negative amounts mean: {@code net}, {@code drop} or {@code error}. */
    public SummaryOptions refunds(String rule) {
        return with("refunds", rule);
    }

    /** Drop rows with an amount of 0. */
    public SummaryOptions dropZeroAmounts(boolean drop) {
        return with("drop_zero_amounts", drop);
    }

    /** Add a column log_intervals: the sum of the natural logarithms of the intervals between a customer's purchases. */
    public SummaryOptions logIntervals(boolean add) {
        return with("log_intervals", add);
    }

    /**
     * Count times in whole periods, for models of discrete time, in which each period after the first is one opportunity to buy. The unit must
     * be as long as the period: {@code new SummaryOptions().period("Y").unit("Y").opportunities(true)}.
     */
    public SummaryOptions opportunities(boolean whole) {
        return with("opportunities", whole);
    }

    /**
     * Add what models of spend need to know about how it spreads from purchase to purchase: {@code amount} the column monetary_deviation,
     * {@code log} the columns geometric_mean and log_deviation. It takes the whole log at once, so {@link SummaryBuilder} refuses it.
     */
    public SummaryOptions spread(String kind) {
        return with("spread", kind);
    }

    String json() {
        Json json = new Json();
        for (Map.Entry<String, Object> option : options.entrySet()) {
            Object value = option.getValue();
            if (value instanceof Boolean) {
                json.put(option.getKey(), (Boolean) value);
            } else if (value instanceof Double) {
                json.put(option.getKey(), (Double) value);
            } else {
                json.put(option.getKey(), (String) value);
            }
        }
        return json.toString();
    }
}
