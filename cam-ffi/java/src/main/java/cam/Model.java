package cam;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model: its parameters, the unit of its times, and what the fit found out where it comes from data. Immutable: any number of threads may
 * use one at the same time.
 */
public final class Model extends Handle {
    private Model(Pointer pointer) {
        super(pointer);
    }

    /**
     * Fit a model by maximum likelihood: {@code bg_nbd}, {@code pareto_nbd}, {@code gamma_gamma}, … (see {@link Cam#models}). Ask {@link
     * #converged} whether the search ended at a maximum.
     *
     * @throws CamException naming the row that breaks a rule; or for data that are too few or too uniform
     */
    public static Model fit(String id, Table data) {
        return fit(id, data, new FitOptions(), null);
    }

    /** The same with options, under a control; null is the default one. */
    public static Model fit(String id, Table data, FitOptions options, Control control) {
        return data.use(t -> useOptional(
                control,
                c -> new Model(Cam.make(
                        (out, error) -> Cam.library().cam_model_fit(id, t, options.json(), c, out, error)))));
    }

    /** The model with these parameters, in the order of {@link Cam#models}. The unit may be null. */
    public static Model fromParameters(String id, String unit, double... parameters) {
        return new Model(Cam.make((out, error) -> Cam.library()
                .cam_model_from_parameters(id, parameters, Log.size(parameters.length), unit, out, error)));
    }

    /** Open a document that any of cam's languages wrote. */
    public static Model fromJson(String json) {
        return new Model(Cam.make((out, error) -> Cam.library().cam_model_from_json(json, out, error)));
    }

    /** The model as a JSON document that opens from every language. */
    public String toJson() {
        return use(p -> Cam.text((out, error) -> Cam.library().cam_model_to_json(p, out, error)));
    }

    /** Which model it is. */
    public String id() {
        return use(p -> Cam.library().cam_model_id(p));
    }

    /** The unit of its times ({@code day}, {@code week}, …); null where it is not known. */
    public String unit() {
        return use(p -> Cam.library().cam_model_unit(p));
    }

    /** The names of the parameters, in order. */
    public List<String> parameterNames() {
        return use(p -> {
            List<String> names = new ArrayList<>();
            int count = Cam.library().cam_model_parameter_count(p).intValue();
            for (int i = 0; i < count; i++) {
                names.add(Cam.library().cam_model_parameter_name(p, Log.size(i)));
            }
            return Collections.unmodifiableList(names);
        });
    }

    /** The parameters by name, in order. */
    public Map<String, Double> parameters() {
        return named(numbers(1, (p, out, size, error) -> Cam.library().cam_model_parameters(p, out, size, error)));
    }

    /**
     * The standard errors of the parameters, by name.
     *
     * @throws CamException when the parameters were given, or the Hessian is not negative definite
     */
    public Map<String, Double> standardErrors() {
        return named(numbers(1, (p, out, size, error) -> Cam.library().cam_model_standard_errors(p, out, size, error)));
    }

    /** The covariance matrix of the parameters. Throws as {@link #standardErrors} does. */
    public double[][] covariance() {
        int n = parameterNames().size();
        double[] flat = numbers(n, (p, out, size, error) -> Cam.library().cam_model_covariance(p, out, size, error));
        double[][] rows = new double[n][n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(flat, i * n, rows[i], 0, n);
        }
        return rows;
    }

    /** Confidence intervals at a level such as 0.95: lower and upper end by parameter. Throws as {@link #standardErrors} does. */
    public Map<String, double[]> confidenceIntervals(double level) {
        double[] ends = numbers(
                2, (p, out, size, error) -> Cam.library().cam_model_confidence_intervals(p, level, out, size, error));
        Map<String, double[]> intervals = new LinkedHashMap<>();
        int i = 0;
        for (String name : parameterNames()) {
            intervals.put(name, new double[] {ends[2 * i], ends[2 * i + 1]});
            i++;
        }
        return intervals;
    }

    /** The log-likelihood of the data that the model was fitted to. */
    public double logLikelihood() {
        double[] out = new double[1];
        use(p -> {
            Cam.check(error -> Cam.library().cam_model_log_likelihood(p, out, error));
            return null;
        });
        return out[0];
    }

    /** Whether the fit ended at a maximum; false, too, when the parameters were given. */
    public boolean converged() {
        return use(p -> Cam.library().cam_model_converged(p)) == 1;
    }

    /** What the fit found out, as JSON. */
    public String fitReport() {
        return use(p -> Cam.text((out, error) -> Cam.library().cam_model_fit_json(p, out, error)));
    }

    /**
     * A quantity for every row of a table. A row with a NaN gives NaN.
     *
     * @throws CamException for a missing column, a row that breaks a rule, or a quantity that the model does not define
     */
    public double[] score(Quantity quantity, Table data) {
        return score(quantity, data, null);
    }

    /** The same, under a control; null is the default one. */
    public double[] score(Quantity quantity, Table data, Control control) {
        double[] scores = new double[data.rows()];
        use(p -> data.use(t -> useOptional(control, c -> {
            Cam.check(error -> Cam.library()
                    .cam_model_score(p, quantity.toString(), t, c, scores, Log.size(scores.length), error));
            return null;
        })));
        return scores;
    }

    /** A quantity for a customer of whom nothing is known but that he or she has just been acquired. */
    public double newCustomer(Quantity quantity) {
        double[] out = new double[1];
        use(p -> {
            Cam.check(error -> Cam.library().cam_model_new_customer(p, quantity.toString(), out, error));
            return null;
        });
        return out[0];
    }

    /** Draw one row for every row of {@code design}. Row i depends on the seed and on i alone. */
    public Table simulate(Table design, long seed) {
        return use(p -> design.use(d -> new Table(
                Cam.make((out, error) -> Cam.library().cam_model_simulate(p, d, seed, null, out, error)),
                Collections.emptyList())));
    }

    private interface Copy {
        int status(Pointer model, double[] out, Library.Size size, com.sun.jna.ptr.PointerByReference error);
    }

    /** A number of values per parameter. */
    private double[] numbers(int each, Copy copy) {
        return use(p -> {
            double[] out = new double[each * Cam.library().cam_model_parameter_count(p).intValue()];
            Cam.check(error -> copy.status(p, out, Log.size(out.length), error));
            return out;
        });
    }

    private Map<String, Double> named(double[] values) {
        Map<String, Double> named = new LinkedHashMap<>();
        int i = 0;
        for (String name : parameterNames()) {
            named.put(name, values[i++]);
        }
        return named;
    }

    @Override
    public String toString() {
        return id() + parameters();
    }

    @Override
    void free(Pointer pointer) {
        Cam.library().cam_model_free(pointer);
    }
}
