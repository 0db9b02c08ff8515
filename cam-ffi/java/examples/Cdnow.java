import cam.Cam;
import cam.Log;
import cam.Model;
import cam.Quantity;
import cam.Summary;
import cam.SummaryOptions;
import cam.ValueOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * From a transaction log to the ten most valuable customers.
 *
 * <p>{@code java -cp cam.jar:jna.jar Cdnow.java LOG.csv [--json DIR]}
 *
 * <p>The log has the columns customer_id,date,quantity,amount. BG/NBD, Pareto/NBD and Gamma-Gamma are fitted to what was known on
 * 1997-09-30; the rest of the log shows how good the forecast was. With --json the models are written to DIR.
 */
public final class Cdnow {
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1 && !(arguments.length == 3 && arguments[1].equals("--json"))) {
            System.err.println("usage: Cdnow LOG.csv [--json DIR]");
            System.exit(2);
        }
        Log log = read(Paths.get(arguments[0]));
        SummaryOptions options = new SummaryOptions().unit("W").calibrationEnd(LocalDate.of(1997, 9, 30));
        try (Summary summary = Summary.of(log, options);
                Model purchases = Model.fit("bg_nbd", summary);
                Model pareto = Model.fit("pareto_nbd", summary);
                Model spend = Model.fit("gamma_gamma", summary)) {
            print("%d customers%n", summary.rows());
            for (Model model : Arrays.asList(purchases, pareto, spend)) {
                print("%-12s log-likelihood %12.5f%n", model.id(), model.logLikelihood());
                Map<String, Double> errors = model.standardErrors();
                model.parameters().forEach((name, value) -> print("  %-6s %10.5f  (%.5f)%n", name, value, errors.get(name)));
            }
            double[] alive = purchases.score(Quantity.probabilityAlive(0), summary);
            double[] expected = purchases.score(Quantity.expectedPurchases(39), summary);
            double[] value = Cam.customerLifetimeValue(purchases, spend, summary, new ValueOptions(0.002).horizon(52));
            print("repeat purchases in the 39 weeks after: forecast %.1f, actual %.0f%n",
                    Arrays.stream(expected).sum(), Arrays.stream(summary.column("frequency_holdout")).sum());
            print("the ten most valuable customers (52 weeks, 0.2 %% a week)%n  customer  alive  purchases     value%n");
            long[] customer = summary.longKeys();
            IntStream.range(0, value.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(row -> -value[row]))
                    .limit(10)
                    .forEach(row -> print("  %8d %6.3f %10.3f %9.2f%n", customer[row], alive[row], expected[row], value[row]));
            if (arguments.length == 3) {
                for (Model model : Arrays.asList(purchases, pareto, spend)) {
                    Path path = Paths.get(arguments[2], model.id() + ".json");
                    Files.write(path, model.toJson().getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    private static Log read(Path path) throws IOException {
        List<Long> customers = new ArrayList<>();
        List<LocalDate> dates = new ArrayList<>();
        List<Double> amounts = new ArrayList<>();
        try (BufferedReader file = Files.newBufferedReader(path)) {
            if (!"customer_id,date,quantity,amount".equals(file.readLine())) {
                throw new IOException(path + ": need the header customer_id,date,quantity,amount");
            }
            for (String line = file.readLine(); line != null; line = file.readLine()) {
                String[] fields = line.split(",");
                customers.add(Long.parseLong(fields[0]));
                dates.add(LocalDate.parse(fields[1]));
                amounts.add(Double.parseDouble(fields[3]));
            }
        }
        return new Log()
                .keys(customers.stream().mapToLong(Long::longValue).toArray())
                .times(dates.toArray(new LocalDate[0]))
                .amounts(amounts.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }
}
