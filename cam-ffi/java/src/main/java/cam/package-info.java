/**
 * Customers as assets: what each is worth, how likely each is to leave.
 *
 * <p>A transaction log goes in; out come, for every customer, the probability of being alive, the expected purchases, the expected
 * spend and the lifetime value.
 *
 * <pre>{@code
 * Log log = new Log().keys(ids).times(dates).amounts(amounts);
 * try (Summary summary = Summary.of(log, new SummaryOptions().unit("W"));
 *      Model purchases = Model.fit("bg_nbd", summary);
 *      Model spend = Model.fit("gamma_gamma", summary)) {
 *     double[] alive = purchases.score(Quantity.probabilityAlive(0), summary);
 *     double[] value = Cam.customerLifetimeValue(purchases, spend, summary, new ValueOptions(0.002).horizon(52));
 * }
 * }</pre>
 *
 * <p>{@link cam.Model} and {@link cam.Table} are immutable and may be shared by any number of threads; {@link cam.SummaryBuilder} may not.
 * What is closed is freed as soon as no call uses it any more. Every mistake is a {@link cam.CamException} that says where, which
 * rule, and what was got. Rows are counted from 0.
 */
package cam;
