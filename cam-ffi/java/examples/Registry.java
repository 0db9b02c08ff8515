import cam.Cam;
import cam.FitOptions;
import cam.Log;
import cam.Model;
import cam.Summary;
import cam.SummaryOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Every model that there is: the registry, and a fit of each model of purchases to one log.
 *
 * <p>{@code java -cp cam.jar:jna.jar Registry.java LOG.csv}
 *
 * <p>The log has the columns customer_id,date,quantity,amount; the models are fitted to what was known on 1997-09-30. No model is named here: a
 * model that is added to the library is in the table.
 */
public final class Registry {
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            System.err.println("usage: Registry LOG.csv");
            System.exit(2);
        }
        // One text for each model.
        List<String> models = new ArrayList<>();
        for (String model : Cam.models().split("(?=\"id\":)")) {
            if (model.startsWith("\"id\":")) {
                models.add(model);
            }
        }
        print("the registry%n");
        for (String model : models) {
            print("  %-20s %s%n", find(model, "\"id\":\"(.*?)\""), find(model, "\"title\":\"(.*?)\""));
        }
        Log log = read(Paths.get(arguments[0]));
        LocalDate end = LocalDate.of(1997, 9, 30);
        SummaryOptions inWeeks = new SummaryOptions().unit("W").calibrationEnd(end).logIntervals(true);
        // For models of discrete time: was there a purchase in the week, or none?
        SummaryOptions byWeek = new SummaryOptions().unit("W").period("W").calibrationEnd(end).opportunities(true);
        try (Summary weeks = Summary.of(log, inWeeks);
                Summary opportunities = Summary.of(log, byWeek)) {
            print("models of purchases, %d customers%n", weeks.rows());
            int fitted = 0;
            for (String model : models) {
                String columns = find(model, "\"columns\":\\[(.*?)\\]");
                // The others are of spend, or of contracts, of which this log has none.
                if (!find(model, "\"quantities\":\\[(.*?)\\]").contains("\"expected_purchases\"") || !columns.contains("\"name\":\"recency\"")) {
                    continue;
                }
                boolean counts = columns.contains("\"name\":\"T\",\"domain\":\"count\"");
                fit(find(model, "\"id\":\"(.*?)\""), counts ? opportunities : weeks);
                fitted++;
            }
            print("%d of %d models%n", fitted, models.size());
        }
    }

    private static void fit(String id, Summary summary) {
        long begun = System.nanoTime();
        try (Model model = Model.fit(id, summary, new FitOptions(), null)) {
            double milliseconds = (System.nanoTime() - begun) / 1e6;
            String report = model.fitReport();
            // "status":"converged", or an object that says which parameters have no maximum.
            String left = find(report, "\"boundary\":\\{\"parameters\":\\[(.*?)\\]");
            String status = left.isEmpty() ? find(report, "\"status\":\"(.*?)\"") : "boundary";
            print("%-20s %14.5f  %-13s", id, model.logLikelihood(), status);
            model.parameters().forEach((name, value) -> print(" %s %s", name, digits(value)));
            print("%s%s  %.1f ms%n", left.isEmpty() ? "" : "; ", left, milliseconds);
        }
    }

    /** Five significant digits, as C's %.5g writes them. */
    private static String digits(double value) {
        String scientific = String.format(Locale.ROOT, "%.4e", value);
        int exponent = Integer.parseInt(scientific.substring(scientific.indexOf('e') + 1));
        String mantissa = scientific.substring(0, scientific.indexOf('e'));
        boolean plain = exponent >= -4 && exponent < 5;
        String text = plain ? String.format(Locale.ROOT, "%." + (4 - exponent) + "f", value) : mantissa;
        if (text.contains(".")) {
            text = text.replaceAll("0+$", "").replaceAll("\\.$", "");
        }
        return plain ? text : text + scientific.substring(scientific.indexOf('e'));
    }

    /** What the group of the pattern holds; empty where it is not there. */
    private static String find(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static Log read(Path path) throws IOException {
        List<Long> customers = new ArrayList<>();
        List<LocalDate> dates = new ArrayList<>();
        List<Double> amounts = new ArrayList<>();
        try (BufferedReader file = Files.newBufferedReader(path)) {
            file.readLine();
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
