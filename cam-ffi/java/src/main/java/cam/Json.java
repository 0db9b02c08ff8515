package cam;

import java.util.Locale;

/** JSON objects of options, written member by member; and members of objects that the library wrote, as they stand there. */
final class Json {
    private final StringBuilder text = new StringBuilder("{");

    private Json key(String name) {
        if (text.length() > 1) {
            text.append(',');
        }
        quote(name);
        text.append(':');
        return this;
    }

    /** A number; one that JSON does not have is written as a text, for the library to refuse by name. */
    Json put(String name, double value) {
        key(name);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            quote(Double.toString(value));
        } else {
            text.append(value);
        }
        return this;
    }

    Json put(String name, long value) {
        key(name);
        text.append(value);
        return this;
    }

    Json put(String name, boolean value) {
        key(name);
        text.append(value);
        return this;
    }

    Json put(String name, String value) {
        key(name);
        quote(value);
        return this;
    }

    Json put(String name, double[] values) {
        key(name);
        text.append('[');
        for (int i = 0; i < values.length; i++) {
            text.append(i == 0 ? "" : ",").append(values[i]);
        }
        text.append(']');
        return this;
    }

    Json put(String name, Json value) {
        key(name);
        text.append(value);
        return this;
    }

    /** The text of a member of an object that the library has written; null where there is none of that name. */
    static String member(String object, String name) {
        int depth = 0;
        int from = -1;
        boolean wanted = false;
        for (int i = 0; i < object.length(); i++) {
            char c = object.charAt(i);
            if (c == '"') {
                int end = closing(object, i);
                if (depth == 1 && from < 0 && end + 1 < object.length() && object.charAt(end + 1) == ':') {
                    wanted = object.substring(i + 1, end).equals(name);
                    from = end + 2;
                    end++;
                }
                i = end;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if (depth == 1 && (c == ',' || c == '}')) {
                if (wanted) {
                    return object.substring(from, i);
                }
                from = -1;
            }
            if (c == '}' || c == ']') {
                depth--;
            }
        }
        return null;
    }

    /** Where the text ends that begins here. */
    private static int closing(String object, int from) {
        int i = from + 1;
        while (object.charAt(i) != '"') {
            i += object.charAt(i) == '\\' ? 2 : 1;
        }
        return i;
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20) {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    @Override
    public String toString() {
        return text + "}";
    }
}
