package cam;

import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;

/**
 * The library as a whole: its version, its models, and what needs more than one model.
 *
 * <p>The native library {@code cam_ffi} is looked for, in this order: at the system property {@code cam.library.path}, a file or a
 * directory; in the jar, under {@code /native/<os-arch>/}; where JNA looks ({@code jna.library.path}, the system).
 */
public final class Cam {
    /** The binary interface that these classes are written for. */
    private static final int ABI_VERSION = 0;

    /** Loaded with the first use of the library. */
    private static final class Loaded {
        static final Library LIBRARY = load();
    }

    private Cam() {}

    /** The version of the native library, such as {@code 0.1.0}. */
    public static String version() {
        return library().cam_version();
    }

    /** All models: a JSON array with the id, title, source, parameters, columns, design and quantities of each. */
    public static String models() {
        return text((out, error) -> library().cam_models_json(out, error));
    }

    /**
     * The lifetime value of every row of a table, in money: a purchase model, a spend model, and the columns of both.
     *
     * @throws CamException for a missing column, a row that breaks a rule, a bad option, or models in the wrong order
     */
    public static double[] customerLifetimeValue(Model purchases, Model spend, Table table, ValueOptions options) {
        return customerLifetimeValue(purchases, spend, table, options, null);
    }

    /** The same, under a control; null is the default one. */
    public static double[] customerLifetimeValue(
            Model purchases, Model spend, Table table, ValueOptions options, Control control) {
        double[] value = new double[table.rows()];
        purchases.use(p -> spend.use(s -> table.use(t -> Handle.useOptional(control, c -> {
            check(error -> library()
                    .cam_customer_lifetime_value(p, s, t, options.json(), c, value, new Library.Size(value.length), error));
            return null;
        }))));
        return value;
    }

    /**
     * All tasks, which is work that is not a model: a JSON array with the id, title and source of each, the columns and models that it needs, its
     * options, and the columns of its answer. {@link Answer#of} does one.
     */
    public static String tasks() {
        return text((out, error) -> library().cam_tasks_json(out, error));
    }

    static Library library() {
        return Loaded.LIBRARY;
    }

    private static Library load() {
        Library library = Native.load(
                locate(),
                Library.class,
                Collections.singletonMap(com.sun.jna.Library.OPTION_STRING_ENCODING, StandardCharsets.UTF_8.name()));
        int found = library.cam_abi_version();
        if (found != ABI_VERSION) {
            throw new UnsatisfiedLinkError(
                    "cam_ffi has the binary interface " + found + ", these classes need " + ABI_VERSION);
        }
        return library;
    }

    /** A path of the library, or its name, for JNA to look for. */
    private static String locate() {
        String file = System.mapLibraryName("cam_ffi");
        String given = System.getProperty("cam.library.path");
        if (given != null) {
            File path = new File(given);
            return (path.isDirectory() ? new File(path, file) : path).getAbsolutePath();
        }
        String resource = "/native/" + Platform.RESOURCE_PREFIX + "/" + file;
        if (Cam.class.getResource(resource) != null) {
            try {
                return Native.extractFromResourcePath(resource, Cam.class.getClassLoader()).getAbsolutePath();
            } catch (IOException e) {
                throw (Error) new UnsatisfiedLinkError("cannot unpack " + resource).initCause(e);
            }
        }
        return "cam_ffi";
    }

    /** A call that takes a place for an error, last. */
    interface Call {
        int status(PointerByReference error);
    }

    /** A call that gives a handle. */
    interface Make {
        int status(PointerByReference out, PointerByReference error);
    }

    /** Make a call; throw what it says. */
    static void check(Call call) {
        PointerByReference error = new PointerByReference();
        int status = call.status(error);
        if (status == 0) {
            return;
        }
        Library library = library();
        Pointer handle = error.getValue();
        try {
            throw new CamException(
                    status,
                    library.cam_error_kind(handle),
                    library.cam_error_message(handle),
                    library.cam_error_row(handle),
                    library.cam_error_field(handle));
        } finally {
            library.cam_error_free(handle);
        }
    }

    /** Make a call that gives a handle. */
    static Pointer make(Make call) {
        PointerByReference out = new PointerByReference();
        check(error -> call.status(out, error));
        return out.getValue();
    }

    /** Make a call that gives a text. */
    static String text(Make call) {
        Pointer string = make(call);
        try {
            int length = library().cam_string_length(string).intValue();
            byte[] bytes = library().cam_string_data(string).getByteArray(0, length);
            return new String(bytes, StandardCharsets.UTF_8);
        } finally {
            library().cam_string_free(string);
        }
    }

    /** Make a call that gives bytes. An array of Java holds 2 GB of them. */
    static byte[] bytes(Make call) {
        Pointer handle = make(call);
        try {
            int length = Math.toIntExact(library().cam_bytes_length(handle).longValue());
            return library().cam_bytes_data(handle).getByteArray(0, length);
        } finally {
            library().cam_bytes_free(handle);
        }
    }
}
