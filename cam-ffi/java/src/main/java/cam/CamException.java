package cam;

/** What went wrong: in one sentence, and in parts. */
public final class CamException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String kind;
    private final long row;
    private final String field;

    CamException(int code, String kind, String message, long row, String field) {
        super(message);
        this.code = code;
        this.kind = kind;
        this.row = row;
        this.field = field;
    }

    /** The stable number of the kind: the status code of the C library. */
    public int code() {
        return code;
    }

    /**
     * The stable name of the kind: {@code invalid_parameter, invalid_data, invalid_shape, unknown_name, invalid_document,
     * not_enough_data, numerical, interrupted, unsupported} or {@code internal}.
     */
    public String kind() {
        return kind;
    }

    /** The row concerned, counted from 0; -1 where there is none. */
    public long row() {
        return row;
    }

    /** The column, parameter, option or argument concerned; null where there is none. */
    public String field() {
        return field;
    }
}
