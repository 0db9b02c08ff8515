package cam;

import java.util.Map;
import java.util.TreeMap;

/** Options of a fit. The defaults are right for nearly all data. Immutable. */
public final class FitOptions {
    private final double[] start;
    private final Map<String, Double> fixed;
    private final double gradientTolerance;
    private final int maxEvaluations;

    /** The defaults. */
    public FitOptions() {
        this(null, new TreeMap<>(), 1e-11, 500);
    }

    private FitOptions(double[] start, Map<String, Double> fixed, double gradientTolerance, int maxEvaluations) {
        this.start = start;
        this.fixed = fixed;
        this.gradientTolerance = gradientTolerance;
        this.maxEvaluations = maxEvaluations;
    }

    /** Start the search at these parameters; where it leads to no maximum, one from the moments follows, and the better is reported. */
    public FitOptions start(double... parameters) {
        return new FitOptions(parameters.clone(), fixed, gradientTolerance, maxEvaluations);
    }

    /** Fix a whole-number parameter, such as the k of bg_cnbd_k, which is chosen by likelihood otherwise. */
    public FitOptions fixed(String parameter, double value) {
        Map<String, Double> more = new TreeMap<>(fixed);
        more.put(parameter, value);
        return new FitOptions(start, more, gradientTolerance, maxEvaluations);
    }

    /** The largest first derivative of the mean log-likelihood that counts as zero. */
    public FitOptions gradientTolerance(double tolerance) {
        return new FitOptions(start, fixed, tolerance, maxEvaluations);
    }

    /** The most evaluations of the likelihood. */
    public FitOptions maxEvaluations(int evaluations) {
        return new FitOptions(start, fixed, gradientTolerance, evaluations);
    }

    String json() {
        Json members = new Json();
        fixed.forEach(members::put);
        Json json = new Json()
                .put("gradient_tolerance", gradientTolerance)
                .put("max_evaluations", (long) maxEvaluations)
                .put("fixed", members);
        return (start == null ? json : json.put("start", start)).toString();
    }
}
