package cam;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A transaction log: a key, a time and perhaps an amount per row, in any order of rows. Arrays are kept, not copied; they are read when a
 * summary is made.
 */
public final class Log {
    private interface Column {
        void set(Pointer log, List<Object> alive);
    }

    private Column keys;
    private Column times;
    private Column amounts;

    /** Whose transaction each row is: integers. */
    public Log keys(long... keys) {
        this.keys = (log, alive) -> {
            Pointer values = longs(keys, alive);
            Cam.check(error -> Cam.library().cam_log_set_keys_int64(log, values, size(keys.length), error));
        };
        return this;
    }

    /** Whose transaction each row is: texts. A null or empty one is missing, which is an error with its row. */
    public Log keys(String... keys) {
        this.keys = (log, alive) -> {
            byte[][] texts = new byte[keys.length][];
            long[] offsets = new long[keys.length + 1];
            for (int i = 0; i < keys.length; i++) {
                texts[i] = keys[i] == null ? new byte[0] : keys[i].getBytes(StandardCharsets.UTF_8);
                offsets[i + 1] = offsets[i] + texts[i].length;
            }
            long total = offsets[keys.length];
            Memory bytes = memory(total, alive);
            for (int i = 0; i < keys.length; i++) {
                if (texts[i].length > 0) {
                    bytes.write(offsets[i], texts[i], 0, texts[i].length);
                }
            }
            Pointer places = longs(offsets, alive);
            Cam.check(error -> Cam.library()
                    .cam_log_set_keys_large_utf8(log, places, bytes, size(total), size(keys.length), error));
        };
        return this;
    }

    /** When each transaction was. A null is missing, which is an error with its row. */
    public Log times(LocalDate... dates) {
        int[] days = new int[dates.length];
        for (int i = 0; i < dates.length; i++) {
            days[i] = dates[i] == null ? Integer.MIN_VALUE : Math.toIntExact(dates[i].toEpochDay());
        }
        return epochDays(days);
    }

    /** When each transaction was: days since 1970-01-01. */
    public Log epochDays(int... days) {
        times = (log, alive) -> {
            Memory values = memory(4L * days.length, alive);
            if (days.length > 0) {
                values.write(0, days, 0, days.length);
            }
            Cam.check(error -> Cam.library().cam_log_set_times_days(log, values, size(days.length), error));
        };
        return this;
    }

    /** When each transaction was: milliseconds since 1970-01-01T00:00 UTC. */
    public Log epochMillis(long... millis) {
        times = (log, alive) -> {
            Pointer values = longs(millis, alive);
            Cam.check(error ->
                    Cam.library().cam_log_set_times_timestamps(log, values, size(millis.length), "ms", error));
        };
        return this;
    }

    /** When each transaction was: numbers, in days or in the unit of {@link SummaryOptions#numbersIn}. */
    public Log times(double... numbers) {
        times = (log, alive) -> {
            Pointer values = doubles(numbers, alive);
            Cam.check(error -> Cam.library().cam_log_set_times_numbers(log, values, size(numbers.length), error));
        };
        return this;
    }

    /** When each transaction was: dates or date-times as ISO 8601 writes them. */
    public Log times(String... texts) {
        times = (log, alive) -> {
            Pointer values = new StringArray(texts, StandardCharsets.UTF_8.name());
            alive.add(values);
            Cam.check(error -> Cam.library().cam_log_set_times_strings(log, values, size(texts.length), error));
        };
        return this;
    }

    /** What was paid; negative for a refund. Without amounts there is no monetary value. */
    public Log amounts(double... paid) {
        amounts = (log, alive) -> {
            Pointer values = doubles(paid, alive);
            Cam.check(error -> Cam.library().cam_log_set_amounts(log, values, size(paid.length), error));
        };
        return this;
    }

    /** Do something with a native log of these columns. */
    <T> T use(Function<Pointer, T> work) {
        Pointer log = Cam.make((out, error) -> Cam.library().cam_log_new(out, error));
        List<Object> alive = new ArrayList<>();
        try {
            for (Column column : new Column[] {keys, times, amounts}) {
                if (column != null) {
                    column.set(log, alive);
                }
            }
            return work.apply(log);
        } finally {
            Cam.library().cam_log_free(log);
            // Native memory that the log borrowed may go only now.
            alive.clear();
        }
    }

    static Library.Size size(long n) {
        return new Library.Size(n);
    }

    /** Native memory; at least one byte, since none of it cannot be had. */
    static Memory memory(long bytes, List<Object> alive) {
        Memory memory = new Memory(Math.max(bytes, 8));
        alive.add(memory);
        return memory;
    }

    static Pointer doubles(double[] values, List<Object> alive) {
        Memory memory = memory(8L * values.length, alive);
        if (values.length > 0) {
            memory.write(0, values, 0, values.length);
        }
        return memory;
    }

    private static Pointer longs(long[] values, List<Object> alive) {
        Memory memory = memory(8L * values.length, alive);
        if (values.length > 0) {
            memory.write(0, values, 0, values.length);
        }
        return memory;
    }
}
