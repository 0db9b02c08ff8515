package cam;

/** What can be asked of a model about a customer. Times are in the unit of the model. */
public final class Quantity {
    private final String json;

    private Quantity(Json json) {
        this.json = json.toString();
    }

    private static Json named(String name) {
        return new Json().put("quantity", name);
    }

    /** The logarithm of the probability (density) of the customer's history. */
    public static Quantity logLikelihood() {
        return new Quantity(named("log_likelihood"));
    }

    /** The probability that the customer is alive {@code after} units of time from the end of observation; 0 is now. */
    public static Quantity probabilityAlive(double after) {
        return new Quantity(named("probability_alive").put("after", after));
    }

    /** The expected number of purchases in the next {@code horizon} units of time. */
    public static Quantity expectedPurchases(double horizon) {
        return new Quantity(named("expected_purchases").put("horizon", horizon));
    }

    /** The probability of exactly {@code n} purchases in the next {@code horizon} units of time. */
    public static Quantity purchaseProbability(int n, double horizon) {
        return new Quantity(named("purchase_probability").put("n", (long) n).put("horizon", horizon));
    }

    /** The probability of exactly {@code n} purchases in the {@code horizon} units of time that begin {@code after} from the end of observation. */
    public static Quantity purchaseProbability(int n, double after, double horizon) {
        return new Quantity(named("later_purchase_probability")
                .put("n", (long) n)
                .put("after", after)
                .put("horizon", horizon));
    }

    /** Expected purchases for ever, each at time t counting exp(−rate · t): discounted expected residual transactions. */
    public static Quantity discountedExpectedPurchases(double continuousRate) {
        return new Quantity(discounted().put("continuous_discount_rate", continuousRate));
    }

    /** The same over the next {@code horizon} units of time. */
    public static Quantity discountedExpectedPurchases(double continuousRate, double horizon) {
        return new Quantity(discounted().put("continuous_discount_rate", continuousRate).put("horizon", horizon));
    }

    /** Expected purchases for ever, one within the k-th unit of time counting (1 + rate)^(−k). */
    public static Quantity discountedExpectedPurchasesPerPeriod(double rate) {
        return new Quantity(discounted().put("discount_rate", rate));
    }

    /** The same over the next {@code horizon} units of time. */
    public static Quantity discountedExpectedPurchasesPerPeriod(double rate, double horizon) {
        return new Quantity(discounted().put("discount_rate", rate).put("horizon", horizon));
    }

    private static Json discounted() {
        return named("discounted_expected_purchases");
    }

    /** The expected spend per purchase. */
    public static Quantity expectedSpend() {
        return new Quantity(named("expected_spend"));
    }

    /** A quantity of any model, as JSON: <code>{"quantity": "expected_purchases", "horizon": 52}</code>, or its name alone. */
    public static Quantity of(String json) {
        return new Quantity(json);
    }

    private Quantity(String json) {
        this.json = json;
    }

    /** As JSON. */
    @Override
    public String toString() {
        return json;
    }
}
