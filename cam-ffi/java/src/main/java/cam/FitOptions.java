package cam;

/** Options of a fit. The defaults are right for nearly all data. Immutable. */
public final class FitOptions {
    private final double[] start;
    private final double gradientTolerance;
    private final int maxEvaluations;

    /** The defaults. */
    public FitOptions() {
        this(null, 1e-11, 500);
    }

    private FitOptions(double[] start, double gradientTolerance, int maxEvaluations) {
        this.start = start;
        this.gradientTolerance = gradientTolerance;
        this.maxEvaluations = maxEvaluations;
    }

    /** Start the search at these parameters. */
    public FitOptions start(double... parameters) {
        return new FitOptions(parameters.clone(), gradientTolerance, maxEvaluations);
    }

    /** The largest first derivative of the mean log-likelihood that counts as zero. */
    public FitOptions gradientTolerance(double tolerance) {
        return new FitOptions(start, tolerance, maxEvaluations);
    }

    /** The most evaluations of the likelihood. */
    public FitOptions maxEvaluations(int evaluations) {
        return new FitOptions(start, gradientTolerance, evaluations);
    }

    String json() {
        Json json = new Json().put("gradient_tolerance", gradientTolerance).put("max_evaluations", (long) maxEvaluations);
        return (start == null ? json : json.put("start", start)).toString();
    }
}
