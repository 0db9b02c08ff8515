package cam;

/** How lifetime value is reckoned. Immutable. */
public final class ValueOptions {
    private final double discountRate;
    private final Double horizon;
    private final double margin;

    private ValueOptions(double discountRate, Double horizon, double margin) {
        this.discountRate = discountRate;
        this.horizon = horizon;
        this.margin = margin;
    }

    /** For ever, all of the spend, at this discount rate per unit of time of the purchase model. */
    public ValueOptions(double discountRate) {
        this(discountRate, null, 1.0);
    }

    /** Look this far ahead, in units of time. */
    public ValueOptions horizon(double horizon) {
        return new ValueOptions(discountRate, horizon, margin);
    }

    /** Count this share of the spend. */
    public ValueOptions margin(double margin) {
        return new ValueOptions(discountRate, horizon, margin);
    }

    String json() {
        Json json = new Json().put("discount_rate", discountRate).put("margin", margin);
        return (horizon == null ? json : json.put("horizon", horizon)).toString();
    }
}
