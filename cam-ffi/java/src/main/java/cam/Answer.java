package cam;

import com.sun.jna.Pointer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a task gave: a JSON object, and columns of numbers by name. A task is work that is not a model: a test, a comparison, a sampler; {@link
 * Cam#tasks} lists them. An answer is a copy of its own and needs no closing.
 */
public final class Answer {
    private final String json;
    private final Map<String, double[]> columns;

    private Answer(String json, Map<String, double[]> columns) {
        this.json = json;
        this.columns = Collections.unmodifiableMap(columns);
    }

    /**
     * Do a task.
     *
     * @param task its name, one of those that {@link Cam#tasks} lists
     * @param table the data; null where the task needs none
     * @param options a JSON object; null for the defaults
     * @param models the models that it takes, in its order
     * @throws CamException for a name that there is not, a bad option, a missing column, or a row that breaks a rule
     */
    public static Answer of(String task, Table table, String options, Model... models) {
        return of(task, table, options, null, models);
    }

    /** The same under a control; null is the default one. */
    public static Answer of(String task, Table table, String options, Control control, Model... models) {
        Pointer[] pointers = new Pointer[models.length];
        return using(models, pointers, 0, () -> Handle.useOptional(
                table,
                t -> Handle.useOptional(control, c -> read(Cam.make((out, error) -> Cam.library()
                        .cam_run(task, t, pointers, Log.size(pointers.length), options, c, out, error))))));
    }

    private interface Work {
        Answer run();
    }

    /** Hold every model while the work is done. */
    private static Answer using(Model[] models, Pointer[] pointers, int i, Work work) {
        if (i == models.length) {
            return work.run();
        }
        return models[i].use(p -> {
            pointers[i] = p;
            return using(models, pointers, i + 1, work);
        });
    }

    private static Answer read(Pointer answer) {
        Library library = Cam.library();
        try {
            Map<String, double[]> columns = new LinkedHashMap<>();
            int count = library.cam_answer_column_count(answer).intValue();
            for (int i = 0; i < count; i++) {
                String name = library.cam_answer_column_name(answer, Log.size(i));
                double[] values = new double[library.cam_answer_column_length(answer, Log.size(i)).intValue()];
                Cam.check(error -> library.cam_answer_column(answer, name, values, Log.size(values.length), error));
                columns.put(name, values);
            }
            return new Answer(library.cam_answer_json(answer).getString(0, "UTF-8"), columns);
        } finally {
            library.cam_answer_free(answer);
        }
    }

    /** The object, as JSON. A number that is not finite is null. */
    public String json() {
        return json;
    }

    /**
     * A member of the object, as JSON: {@code answer.json("posterior")}, for the options of a task that asks for it.
     *
     * @throws IllegalArgumentException when there is no such member
     */
    public String json(String member) {
        String text = Json.member(json, member);
        if (text == null) {
            throw new IllegalArgumentException("no member named " + member + " in " + (json.length() < 200 ? json : json.substring(0, 200) + "…"));
        }
        return text;
    }

    /** The columns by name, in order; each of one value per row of the table, or of a length of its own. */
    public Map<String, double[]> columns() {
        return columns;
    }

    /**
     * A column.
     *
     * @throws IllegalArgumentException when there is no such column
     */
    public double[] column(String name) {
        double[] values = columns.get(name);
        if (values == null) {
            throw new IllegalArgumentException("no column named " + name + "; there are: " + columns.keySet());
        }
        return values;
    }

    @Override
    public String toString() {
        return json;
    }
}
