package cam;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** The data that all languages are tested with. */
final class Data {
    static final LocalDate CALIBRATION_END = LocalDate.of(1997, 9, 30);

    /** {@code <model, set, p1…p4, x, t_x, T, answers…>} of the golden file. */
    static final class Golden {
        final String[] cells;

        Golden(String line) {
            cells = line.split(",", -1);
        }

        double number(int column) {
            return cells[column].isEmpty() ? Double.NaN : Double.parseDouble(cells[column]);
        }

        String history() {
            return String.join(", ", java.util.Arrays.asList(cells).subList(6, 9));
        }

        String set() {
            return String.join(",", java.util.Arrays.asList(cells).subList(0, 6));
        }
    }

    private Data() {}

    static Path path(String name) {
        return Paths.get(System.getProperty("cam.testdata", "../../cam-core/testdata"), name);
    }

    static List<String> lines(String name) {
        try {
            return Files.readAllLines(path(name), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(path(name));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The CDNOW sample: keys, dates, amounts. */
    static Log cdnow(int from, int to) {
        List<String[]> rows = new ArrayList<>();
        for (String line : lines("CDNOW_sample.txt")) {
            String[] fields = line.trim().split("\\s+");
            if (fields.length >= 5) {
                rows.add(fields);
            }
        }
        rows = rows.subList(from, Math.min(to, rows.size()));
        long[] keys = rows.stream().mapToLong(f -> Long.parseLong(f[1])).toArray();
        LocalDate[] dates = rows.stream()
                .map(f -> LocalDate.parse(f[2], DateTimeFormatter.BASIC_ISO_DATE))
                .toArray(LocalDate[]::new);
        double[] amounts = rows.stream().mapToDouble(f -> Double.parseDouble(f[4])).toArray();
        return new Log().keys(keys).times(dates).amounts(amounts);
    }

    static SummaryOptions weeks() {
        return new SummaryOptions().unit("W").calibrationEnd(CALIBRATION_END);
    }

    static Summary calibration() {
        return Summary.of(cdnow(0, Integer.MAX_VALUE), weeks());
    }
}
