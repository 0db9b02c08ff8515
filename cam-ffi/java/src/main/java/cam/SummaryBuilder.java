package cam;

import com.sun.jna.Pointer;

/**
 * A summary in the making, fed with batches of rows in any order: the log need not fit into memory. Not for use by two threads at once; but
 * several can be filled side by side and merged.
 */
public final class SummaryBuilder extends Handle {
    /** An empty builder. */
    public SummaryBuilder(SummaryOptions options) {
        super(Cam.make((out, error) -> Cam.library().cam_summary_builder_new(options.json(), out, error)));
    }

    private SummaryBuilder(Pointer pointer) {
        super(pointer);
    }

    /**
     * A builder from what {@link #toBytes} gave, in any of cam's languages and on any machine, with its options: to be fed on or merged.
     *
     * @throws CamException when the bytes are cut off, changed, of a later version or none of ours; nothing in them is trusted
     */
    public static SummaryBuilder fromBytes(byte[] bytes) {
        return new SummaryBuilder(Cam.make((out, error) -> Cam.library()
                .cam_summary_builder_from_bytes(bytes, Log.size(bytes == null ? 1 : bytes.length), out, error)));
    }

    /** The state as bytes, the same on every machine: to be kept, sent, and merged elsewhere. */
    public byte[] toBytes() {
        return use(p -> Cam.bytes((out, error) -> Cam.library().cam_summary_builder_to_bytes(p, out, error)));
    }

    /**
     * Take in a batch of rows.
     *
     * @throws CamException naming the row within the batch that breaks a rule; the batch is then refused as a whole
     */
    public SummaryBuilder push(Log batch) {
        return push(batch, null);
    }

    /** The same, under a control. After an interruption the builder cannot be used any more. */
    public SummaryBuilder push(Log batch, Control control) {
        use(p -> batch.use(l -> useOptional(control, c -> {
            Cam.check(error -> Cam.library().cam_summary_builder_push(p, l, c, error));
            return null;
        })));
        return this;
    }

    /** Take over everything that another builder with the same options has seen. */
    public SummaryBuilder merge(SummaryBuilder other) {
        use(p -> other.use(o -> {
            Cam.check(error -> Cam.library().cam_summary_builder_merge(p, o, error));
            return null;
        }));
        return this;
    }

    /** The number of rows taken in. */
    public long rows() {
        return use(p -> Cam.library().cam_summary_builder_rows(p));
    }

    /**
     * The summary of all rows taken in. The builder may be fed on.
     *
     * @throws CamException when there is no purchase; or when the builder came from bytes and has more than one calibration end
     */
    public Summary finish() {
        return use(p -> new Summary(
                Cam.make((out, error) -> Cam.library().cam_summary_builder_finish(p, null, out, error))));
    }

    @Override
    void free(Pointer pointer) {
        Cam.library().cam_summary_builder_free(pointer);
    }
}
