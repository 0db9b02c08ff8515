package cam;

import com.sun.jna.Pointer;

/**
 * How a long call is run: on how many threads, who is told of its progress, and how it is stopped.
 *
 * <p>{@link #cancel} may be called from any thread while a call runs; the setters may not.
 */
public final class Control extends Handle {
    /** Told of every step of a long call. */
    public interface Progress {
        /**
         * @param stage what is being done: the id of the model that is fitted, for example
         * @param done steps done
         * @param total steps in all; 0 where not known
         * @param value the figure to watch: for a fit the mean log-likelihood
         * @return whether to go on
         */
        boolean step(String stage, long done, long total, double value);
    }

    /** Kept here, so that it is not collected while the library may call it. */
    private Library.ProgressCallback callback;

    /** All processors, no report. */
    public Control() {
        super(Cam.make((out, error) -> Cam.library().cam_control_new(out, error)));
    }

    /** Use this many threads, at most 1024; 0 means one per processor. Any number gives the same bits. */
    public Control threads(int threads) {
        use(p -> {
            Cam.check(error -> Cam.library().cam_control_set_threads(p, threads, error));
            return null;
        });
        return this;
    }

    /** Report every step. What the report throws stops the call. */
    public Control progress(Progress progress) {
        callback = (stage, done, total, value, data) -> {
            try {
                return progress.step(stage, done, total, value) ? 0 : 1;
            } catch (RuntimeException e) {
                return 1;
            }
        };
        use(p -> {
            Cam.check(error -> Cam.library().cam_control_set_progress(p, callback, null, error));
            return null;
        });
        return this;
    }

    /** Stop the calls that run with this control, and all later ones: they throw a {@link CamException} of kind interrupted. */
    public void cancel() {
        use(p -> {
            Cam.library().cam_control_cancel(p);
            return null;
        });
    }

    /** Take a cancellation back. */
    public void reset() {
        use(p -> {
            Cam.library().cam_control_reset(p);
            return null;
        });
    }

    @Override
    void free(Pointer pointer) {
        Cam.library().cam_control_free(pointer);
    }
}
