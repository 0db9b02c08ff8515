package cam;

import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;

/**
 * One row per customer, sorted by key: {@code frequency, recency, T} and, with amounts, {@code monetary_value}; in a split also {@code
 * frequency_holdout} and {@code monetary_value_holdout}.
 */
public final class Summary extends Table {
    Summary(Pointer pointer) {
        super(pointer, Collections.emptyList());
    }

    /** A summary of a log with the default options. */
    public static Summary of(Log log) {
        return of(log, new SummaryOptions());
    }

    /**
     * A summary of a log.
     *
     * @throws CamException naming the row that breaks a rule, or the option
     */
    public static Summary of(Log log, SummaryOptions options) {
        return of(log, options, null);
    }

    /** The same, under a control; null is the default one. */
    public static Summary of(Log log, SummaryOptions options, Control control) {
        return log.use(l -> useOptional(
                control,
                c -> new Summary(Cam.make(
                        (out, error) -> Cam.library().cam_summarize(l, options.json(), c, out, error)))));
    }

    /** Whether the keys are texts; else they are integers. */
    public boolean hasTextKeys() {
        return use(p -> Cam.library().cam_table_keys_kind(p)) == 2;
    }

    /**
     * The keys, where they are integers.
     *
     * @throws CamException when they are texts
     */
    public long[] longKeys() {
        long[] keys = new long[rows()];
        use(p -> {
            Cam.check(error -> Cam.library().cam_table_keys_int64(p, keys, Log.size(keys.length), error));
            return null;
        });
        return keys;
    }

    /**
     * The keys, where they are texts.
     *
     * @throws CamException when they are integers
     */
    public String[] textKeys() {
        return use(p -> {
            long[] offsets = new long[rows() + 1];
            byte[] bytes = new byte[Math.max(1, Cam.library().cam_table_keys_text_bytes(p).intValue())];
            Cam.check(error -> Cam.library()
                    .cam_table_keys_text(p, offsets, Log.size(offsets.length), bytes, Log.size(bytes.length), error));
            String[] keys = new String[offsets.length - 1];
            for (int i = 0; i < keys.length; i++) {
                int from = (int) offsets[i];
                keys[i] = new String(bytes, from, (int) offsets[i + 1] - from, StandardCharsets.UTF_8);
            }
            return keys;
        });
    }
}
