package cam;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Named columns of doubles of equal length, immutable: the form in which data come to a model. */
public class Table extends Handle {
    /** Native memory that the columns lie in. */
    private final List<Object> alive;

    Table(Pointer pointer, List<Object> alive) {
        super(pointer);
        this.alive = alive;
    }

    /** A table in the making. */
    public static Builder builder() {
        return new Builder();
    }

    /** Columns by name, and the unit of their times. */
    public static final class Builder {
        private final Map<String, double[]> columns = new LinkedHashMap<>();
        private String unit;

        private Builder() {}

        /** One more column; one of that name is replaced. */
        public Builder column(String name, double... values) {
            columns.put(name, values);
            return this;
        }

        /** The unit in which times are counted: {@code D, W, M, Y} or a length such as {@code 10 days}. */
        public Builder unit(String unit) {
            this.unit = unit;
            return this;
        }

        /**
         * The table; the values are copied.
         *
         * @throws CamException when columns differ in length
         */
        public Table build() {
            List<Object> alive = new ArrayList<>();
            // struct cam_column: name, values, length, stride; four words each.
            int word = Native.POINTER_SIZE;
            Memory structs = Log.memory(4L * word * columns.size(), alive);
            long at = 0;
            for (Map.Entry<String, double[]> column : columns.entrySet()) {
                byte[] name = column.getKey().getBytes(StandardCharsets.UTF_8);
                Memory text = Log.memory(name.length + 1L, alive);
                text.write(0, name, 0, name.length);
                text.setByte(name.length, (byte) 0);
                structs.setPointer(at, text);
                structs.setPointer(at + word, Log.doubles(column.getValue(), alive));
                setWord(structs, at + 2L * word, column.getValue().length);
                setWord(structs, at + 3L * word, 8);
                at += 4L * word;
            }
            Pointer table = Cam.make((out, error) ->
                    Cam.library().cam_table_from_columns(structs, Log.size(columns.size()), unit, out, error));
            return new Table(table, alive);
        }

        private static void setWord(Memory memory, long at, long value) {
            if (Native.SIZE_T_SIZE == 8) {
                memory.setLong(at, value);
            } else {
                memory.setInt(at, (int) value);
            }
        }
    }

    /** The number of rows. */
    public final int rows() {
        return use(p -> Cam.library().cam_table_rows(p).intValue());
    }

    /** The names of the columns. */
    public final List<String> columns() {
        return use(p -> {
            List<String> names = new ArrayList<>();
            int count = Cam.library().cam_table_column_count(p).intValue();
            for (int i = 0; i < count; i++) {
                names.add(Cam.library().cam_table_column_name(p, Log.size(i)));
            }
            return Collections.unmodifiableList(names);
        });
    }

    /** The unit in which times are counted ({@code day}, {@code week}, …); null where it is not known. */
    public final String unit() {
        return use(p -> Cam.library().cam_table_unit(p));
    }

    /**
     * A copy of a column.
     *
     * @throws CamException when there is no such column
     */
    public final double[] column(String name) {
        double[] values = new double[rows()];
        use(p -> {
            Cam.check(error -> Cam.library().cam_table_column(p, name, values, Log.size(values.length), error));
            return null;
        });
        return values;
    }

    /** What the table is, as JSON: rows, columns, unit, and for a summary the account of the rows of the log. */
    public final String about() {
        return use(p -> Cam.text((out, error) -> Cam.library().cam_table_about_json(p, out, error)));
    }

    @Override
    final void free(Pointer pointer) {
        Cam.library().cam_table_free(pointer);
        alive.clear();
    }
}
