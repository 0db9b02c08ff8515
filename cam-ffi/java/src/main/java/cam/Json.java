package cam;

import java.util.Locale;

/** JSON objects of options, written member by member. */
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
